import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TopicCreationRules } from '../../../src/runtime/tasks/topic-creation.ts'

const defaults = { 'topic.creation.default.partitions': '3', 'topic.creation.default.replication.factor': '-1' }

test('nothing is created unless worker and connector both want it', () => {
  assert.equal(TopicCreationRules.fromProps({}, true), null)
  assert.equal(TopicCreationRules.fromProps(defaults, false), null)
})

test('the first group that includes a topic decides, exclusion wins, and groups inherit the numbers of the default', () => {
  const rules = TopicCreationRules.fromProps(
    {
      ...defaults,
      'topic.creation.default.cleanup.policy': 'compact',
      'topic.creation.groups': 'logs, default, all',
      'topic.creation.logs.include': 'log\\..*, audit',
      'topic.creation.logs.exclude': '.*secret.*',
      'topic.creation.logs.retention.ms': '1000',
      'topic.creation.all.include': 'a.*',
      'topic.creation.all.partitions': '9',
    },
    true,
  )
  assert.deepEqual(rules?.templateFor('log.x'), {
    name: 'log.x',
    partitions: 3,
    replicationFactor: -1,
    configs: { 'retention.ms': '1000' },
  })
  assert.deepEqual(rules?.templateFor('audit'), {
    name: 'audit',
    partitions: 3,
    replicationFactor: -1,
    configs: { 'retention.ms': '1000' },
  })
  assert.deepEqual(rules?.templateFor('abc'), { name: 'abc', partitions: 9, replicationFactor: -1, configs: {} })
  const fallback = { partitions: 3, replicationFactor: -1, configs: { 'cleanup.policy': 'compact' } }
  assert.deepEqual(rules?.templateFor('log.secret'), { name: 'log.secret', ...fallback })
  assert.deepEqual(rules?.templateFor('prefix-log.x'), { name: 'prefix-log.x', ...fallback })
})

test('a group without include takes no topic', () => {
  const rules = TopicCreationRules.fromProps(
    { ...defaults, 'topic.creation.groups': 'g', 'topic.creation.g.partitions': '7' },
    true,
  )
  assert.equal(rules?.templateFor('anything').partitions, 3)
})

test('missing and impossible numbers and patterns are named', () => {
  const parse = (props: Record<string, string>) => () => TopicCreationRules.fromProps(props, true)
  assert.throws(
    parse({ 'topic.creation.default.partitions': '1' }),
    /"topic\.creation\.default\.replication\.factor" which has no default/,
  )
  assert.throws(
    parse({ ...defaults, 'topic.creation.default.partitions': '0' }),
    /Invalid value 0 for configuration topic\.creation\.default\.partitions/,
  )
  const broken = { ...defaults, 'topic.creation.groups': 'g', 'topic.creation.g.include': '(' }
  assert.throws(parse(broken), /topic\.creation\.g\.include/)
})
