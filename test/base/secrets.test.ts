import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hiddenInLogs, hideInLogs, onHiddenInLogs, withoutSecrets } from '../../src/base/secrets.ts'

test('a log line shows no secret, however often it is wrapped in JSON', () => {
  const secret = 'a "quoted" \\ secret'
  hideInLogs([secret])
  const inner = JSON.stringify({ password: secret })
  const line = JSON.stringify({ msg: `failed with ${inner}`, plain: secret })
  const shown = withoutSecrets(line)
  assert.ok(!shown.includes('quoted'), shown)
  assert.deepEqual(JSON.parse(shown), { msg: 'failed with {"password":"[hidden]"}', plain: '[hidden]' })
})

test('a longer secret is hidden whole although a part of it is a secret too', () => {
  hideInLogs(['hunter', 'hunter2-and-more'])
  assert.equal(withoutSecrets('hunter2-and-more'), '[hidden]')
})

test('listeners hear of each new value once, until they end it', () => {
  const heard: string[] = []
  const end = onHiddenInLogs((values) => heard.push(...values))
  hideInLogs(['first-new', ''])
  hideInLogs(['first-new', 'second-new'])
  end()
  hideInLogs(['third-new'])
  assert.deepEqual(heard, ['first-new', 'second-new'])
  assert.ok(hiddenInLogs().includes('third-new'))
})

test('only the last values are kept', () => {
  hideInLogs(['the-oldest-value'])
  hideInLogs(Array.from({ length: 2000 }, (_, i) => `filler-${i}`))
  assert.equal(withoutSecrets('the-oldest-value'), 'the-oldest-value')
  assert.equal(withoutSecrets('filler-1999'), '[hidden]')
})
