import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redactor, type SecretSource, secretValues, unloggable } from '../../../src/runtime/herder/redaction.ts'

/** Secrets of a configuration without references. */
function secretsOf(config: Record<string, string>, more: Partial<SecretSource> = {}) {
  return secretValues({ raw: config, resolved: config, ...more })
}

function textsOf(config: Record<string, string>): string[] {
  return secretsOf(config)
    .map(({ text }) => text)
    .toSorted()
}

test('passwords within addresses are secrets, as they stand there and decoded', () => {
  const url = 'jdbc:postgresql://user:p%40ss-1@host/db?user=u&password=query-pass&ssl=true'
  assert.deepEqual(textsOf({ url }), ['p%40ss-1', 'p@ss-1', 'query-pass'])
  const shown = redactor(secretsOf({ url }))(`cannot parse ${url}: p@ss-1`)
  assert.ok(!/ss-1|query-pass/.test(shown), shown)
})

test('an address without a password holds no secret', () => {
  const url = 'jdbc:postgresql://host:5432/db?ssl=true&sslmode=prefer'
  assert.deepEqual(secretsOf({ url }), [])
})

test('passwords within login modules, headers and connection strings are secrets', () => {
  const jaas = 'org.example.PlainLoginModule required username="u" password="module\\"s-pass";'
  assert.ok(textsOf({ setting: jaas }).includes('module\\"s-pass'))
  assert.deepEqual(textsOf({ headers: 'Accept:text/plain,X:Bearer abc.def-123' }), ['abc.def-123'])
  assert.deepEqual(textsOf({ store: 'AccountName=a;AccountKey=c2VjcmV0;Suffix=b' }), ['c2VjcmV0'])
})

test('each text within a secret that is JSON or a list is one', () => {
  assert.deepEqual(
    textsOf({ tokens: '["first-1", {"second": "other-2"}, 3, "x"]' }).toSorted(),
    ['["first-1", {"second": "other-2"}, 3, "x"]', 'first-1', 'other-2', '{"second": "other-2"}'].filter(
      (text) => text.startsWith('[') || !text.startsWith('{'),
    ),
  )
  assert.deepEqual(textsOf({ passwords: 'long-one-1, long-one-2,s' }), [
    'long-one-1',
    'long-one-1, long-one-2,s',
    'long-one-2',
  ])
})

test('what is hidden everywhere leaves out numbers and truth values of providers, but no password', () => {
  const raw = {
    password: 'pass-1',
    pin: '2718',
    host: '${env:HOST}',
    port: '${env:PORT}',
    flag: '${env:FLAG}',
    key: '${env:KEY}',
  }
  const resolved = { ...raw, host: 'db-7', port: '54321', flag: 'true', key: 'resolved-key' }
  const secrets = secretValues({ raw, resolved, passwords: new Set(['pin']) })
  assert.equal(
    redactor(secrets)('db-7x 54321 true'),
    '[hidden]x [hidden] [hidden]',
    'a trace of the connector hides all',
  )
  const hidden = new Map(unloggable(secrets).map(({ text, reach }) => [text, reach]))
  assert.deepEqual(Object.fromEntries(hidden), {
    'pass-1': 'anywhere',
    'resolved-key': 'anywhere',
    'db-7': 'word',
    '2718': 'word',
  })
})

test('a short password is hidden where it is quoted, one from a provider wherever it is', () => {
  const raw = { password: 'ab', token: '${file:/x:t}' }
  const secrets = secretValues({ raw, resolved: { password: 'ab', token: 'tok-45' } })
  assert.equal(redactor(secrets)('{"password":"ab"} about xtok-45x'), '{"password":"[hidden]"} about x[hidden]x')
  assert.deepEqual(
    unloggable(secrets).map(({ reach }) => reach),
    ['anywhere', 'quoted'],
  )
})

test('parts that providers gave are secrets by themselves; a reference that nothing resolved is none', () => {
  const raw = { dsn: 'user u pass ${file:/x:p}', password: '${nobody:x}' }
  const provided = new Map([['${file:/x:p}', 'of-a-file']])
  const secrets = secretValues({ raw, resolved: { ...raw, dsn: 'user u pass of-a-file' }, provided })
  assert.equal(redactor(secrets)('not of-a-file, ${nobody:x}'), 'not [hidden], ${nobody:x}')
})

test('a password that is a common word is hidden where it stands alone, not within class names and addresses', () => {
  const secrets = secretsOf({ 'database.password': 'postgres' })
  const hide = redactor(secrets)
  assert.equal(hide('login with "postgres" failed'), 'login with "[hidden]" failed')
  assert.equal(hide('jdbc:postgresql://u:postgres@h/db'), 'jdbc:postgresql://u:[hidden]@h/db')
  const text = 'io.debezium.connector.postgresql.PostgresConnector is not known'
  assert.equal(hide(text), text)
  assert.equal(redactor(secretsOf({ password: 'postgres1' }))('xpostgres1x'), 'x[hidden]x')
})

test('classes and types are no secrets, however a provider or a transform is called', () => {
  const config = {
    'config.providers.secrets.class': 'io.strimzi.kafka.KubernetesSecretConfigProvider',
    'transforms.maskPassword.type': 'org.apache.kafka.connect.transforms.MaskField$Value',
    'transforms.maskPassword.fields': 'password',
    'secrets.cache.ttl.ms': '60000',
  }
  assert.deepEqual(textsOf(config), [])
  const own = { 'transforms.sign.secret': 'geheim-1', 'config.providers.vault.param.token': 'geheim-2' }
  assert.deepEqual(textsOf(own), ['geheim-1', 'geheim-2'])
})
