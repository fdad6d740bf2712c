import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redact, secretValues, unloggable } from '../../../src/runtime/herder/redaction.ts'

test('passwords within addresses are secrets, as they stand there and decoded', () => {
  const url = 'jdbc:postgresql://user:p%40ss-1@host/db?user=u&password=query-pass&ssl=true'
  const secrets = secretValues({ url }, { url }, [])
  assert.deepEqual([...secrets].toSorted(), ['p%40ss-1', 'p@ss-1', 'query-pass'])
  const shown = redact(`cannot parse ${url}: p@ss-1`, secrets)
  assert.ok(!/ss-1|query-pass/.test(shown), shown)
})

test('an address without a password holds no secret', () => {
  const url = 'jdbc:postgresql://host:5432/db?ssl=true&sslmode=prefer'
  assert.deepEqual(secretValues({ url }, { url }, []), [])
})

test('what is hidden in all logs leaves out short values of providers, numbers and truth values', () => {
  const raw = { password: 'pass-1', host: '${env:HOST}', port: '${env:PORT}', flag: '${env:FLAG}', key: '${env:KEY}' }
  const resolved = { password: 'pass-1', host: 'db-7', port: '54321', flag: 'true', key: 'resolved-key' }
  const secrets = secretValues(raw, resolved, [])
  assert.ok(secrets.includes('db-7'), 'a trace of the connector itself hides all of them')
  assert.deepEqual([...unloggable(secrets, raw)].toSorted(), ['pass-1', 'resolved-key'])
})
