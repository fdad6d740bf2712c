import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hiddenInLogs, hideInLogs, lineWithoutSecrets, onHiddenInLogs, withoutSecrets } from '../../src/base/secrets.ts'

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
  const end = onHiddenInLogs((values) => heard.push(...values.map(({ text }) => text)))
  hideInLogs(['first-new', ''])
  hideInLogs(['first-new', 'second-new'])
  end()
  hideInLogs(['third-new'])
  assert.deepEqual(heard, ['first-new', 'second-new'])
  assert.ok(hiddenInLogs().some(({ text }) => text === 'third-new'))
})

test('only the last values are kept', () => {
  hideInLogs(['the-oldest-value'])
  hideInLogs(Array.from({ length: 20_000 }, (_, i) => `filler-${i}`))
  assert.equal(withoutSecrets('the-oldest-value'), 'the-oldest-value')
  assert.equal(withoutSecrets('filler-19999'), '[hidden]')
})

test('a secret in use is not pushed out by others', () => {
  hideInLogs(['one-that-is-used'])
  for (let i = 0; i < 30_000; i++) {
    hideInLogs([`rotated-${i}`])
    if (i % 5_000 === 0) hideInLogs(['one-that-is-used'])
  }
  assert.equal(withoutSecrets('one-that-is-used rotated-29999 rotated-0'), '[hidden] [hidden] rotated-0')
})

test('what requests bring is hidden too, and pushes out nothing else', () => {
  hideInLogs(['of-a-connector'])
  hideInLogs([{ text: 'of-a-request', reach: 'anywhere', isPassing: true }])
  assert.equal(withoutSecrets('of-a-request'), '[hidden]')
  hideInLogs(Array.from({ length: 3_000 }, (_, i) => ({ text: `made-up-${i}`, reach: 'anywhere', isPassing: true })))
  assert.equal(withoutSecrets('of-a-request, of-a-connector'), 'of-a-request, [hidden]')
})

test('a log line stays JSON with its fields, whatever the secrets are', () => {
  hideInLogs(['"level"', '","', 'time', '2026', 'worker', 'line-secret', { text: '40471', reach: 'word' }])
  const event = {
    level: 30,
    time: '2026-11-29T00:00:00.000Z',
    part: 'worker',
    port: 40471,
    err: { message: 'no line-secret, "line-secret"', config: { 'line-secret': ['line-secret', 40471], n: 1 } },
    msg: 'a time',
  }
  const line = lineWithoutSecrets(`${JSON.stringify(event)}\n`)
  assert.ok(line.endsWith('}\n'))
  assert.deepEqual(JSON.parse(line), {
    ...event,
    err: { message: 'no [hidden], "[hidden]"', config: { '[hidden]': ['[hidden]', '[hidden]'], n: 1 } },
    msg: 'a [hidden]',
  })
})

test('secrets of many characters are hidden in pieces, and requests with such are not kept', () => {
  const key = Array.from({ length: 3_000 }, (_, i) => `line ${i} "quoted"`).join('\n')
  hideInLogs([key])
  assert.equal(withoutSecrets(`<${key}>`).replaceAll('[hidden]', ''), '<>')
  assert.equal(withoutSecrets(JSON.stringify(key)).replaceAll('[hidden]', ''), '""')
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 30; i++) hideInLogs([{ text: `${i}`.repeat(5_000_000), reach: 'anywhere', isPassing: true }])
  for (let i = 0; i < 300; i++) hideInLogs([{ text: `${i}-`.repeat(20_000), reach: 'anywhere', isPassing: true }])
  assert.ok(process.memoryUsage().heapUsed - before < 100_000_000)
  assert.equal(withoutSecrets('299-'.repeat(20_000)).replaceAll('[hidden]', ''), '')
})
