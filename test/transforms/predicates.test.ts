import assert from 'node:assert/strict'
import { test } from 'node:test'
import { primitive, type RowPlan, struct } from '../../src/connect/index.ts'
import { predicatePlugins } from '../../src/transforms/index.ts'
import { predicate, record } from './support.ts'

/** What validation says of the only setting of a predicate. */
function errorsOf(name: string, props: Record<string, string>): readonly string[] {
  const plugin = predicatePlugins.find((candidate) => candidate.class.endsWith(`.${name}`))
  return plugin?.config.validate(props)[0]?.errors ?? []
}

const headers = (...keys: string[]) =>
  record(1, null, { headers: keys.map((key) => ({ key, schema: null, value: null })) })
const plan = (more: Partial<RowPlan> = {}): RowPlan => ({
  topic: 'orders',
  kafkaPartition: null,
  key: null,
  value: { schema: struct({}), columns: [] },
  timestamp: null,
  ...more,
})

test('HasHeaderKeyTest.testNameRequiredInConfig: the name is required', () => {
  assert.throws(() => predicate('HasHeaderKey'), /Missing required configuration "name"/)
})

test('HasHeaderKeyTest.testNameMayNotBeEmptyInConfig: the name has a letter at least', () => {
  assert.throws(() => predicate('HasHeaderKey', { name: '' }), /String must be non-empty/)
})

test('HasHeaderKeyTest.testConfig: validation says the same', () => {
  assert.deepEqual(errorsOf('HasHeaderKey', { name: 'foo' }), [])
  assert.deepEqual(errorsOf('HasHeaderKey', { name: '' }), [
    'Invalid value  for configuration name: String must be non-empty',
  ])
})

test('HasHeaderKeyTest.testTest: some header has exactly this name', () => {
  const has = predicate('HasHeaderKey', { name: 'foo' })
  for (const keys of [['foo'], ['foo', 'bar'], ['bar', 'foo', 'bar', 'foo']]) assert.ok(has.test(headers(...keys)))
  for (const keys of [['bar'], ['bar', 'bar'], [], ['Foo']]) assert.ok(!has.test(headers(...keys)))
  assert.ok(!has.test(record(1)))
  assert.equal(has.testPlan?.(plan()), false)
  assert.equal(has.testPlan?.(plan({ headers: [{ key: 'foo', schema: null, value: 1 }] })), true)
})

test('TopicNameMatchesTest.testPatternRequiredInConfig: the pattern is required', () => {
  assert.throws(() => predicate('TopicNameMatches'), /Missing required configuration "pattern"/)
})

test('TopicNameMatchesTest.testPatternMayNotBeEmptyInConfig: the pattern has a letter at least', () => {
  assert.throws(() => predicate('TopicNameMatches', { pattern: '' }), /String must be non-empty/)
})

test('TopicNameMatchesTest.testPatternIsValidRegexInConfig: the pattern is a regular expression', () => {
  assert.throws(() => predicate('TopicNameMatches', { pattern: '[' }), /Invalid regex/)
})

test('TopicNameMatchesTest.testConfig: validation says the same', () => {
  assert.deepEqual(errorsOf('TopicNameMatches', { pattern: 'my-prefix-.*' }), [])
  const errors = errorsOf('TopicNameMatches', { pattern: '*' })
  assert.equal(errors.length, 1)
  assert.match(errors[0] ?? '', /Invalid regex/)
})

test('TopicNameMatchesTest.testTest: the whole name of the topic matches', () => {
  const matches = predicate('TopicNameMatches', { pattern: 'my-prefix-.*' })
  for (const [topic, expected] of [
    ['my-prefix-', true],
    ['my-prefix-foo', true],
    ['x-my-prefix-', false],
    ['x-my-prefix-foo', false],
    ['your-prefix-', false],
    ['your-prefix-foo', false],
  ] as const) {
    assert.equal(matches.test(record(1, null, { topic })), expected, topic)
    assert.equal(matches.testPlan?.(plan({ topic })), expected, topic)
  }
})

test('RecordIsTombstone is true for null values only', () => {
  const tombstone = predicate('RecordIsTombstone')
  assert.deepEqual(
    [null, undefined, '', 0, {}].map((value) => tombstone.test(record(value))),
    [true, true, false, false, false],
  )
  assert.equal(tombstone.testPlan?.(plan()), false)
  const single = { schema: primitive('STRING'), columns: [{ kind: 'constant', value: null }] } as const
  assert.equal(tombstone.testPlan?.(plan({ value: single })), null)
})
