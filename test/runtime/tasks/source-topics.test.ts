import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import type { CreatedTopic, DescribedTopic } from '../../../src/client/index.ts'
import { ErrorCode, ProtocolError } from '../../../src/protocol/errors.ts'
import { SourceTopics } from '../../../src/runtime/tasks/source-topics.ts'
import { TaskControl } from '../../../src/runtime/tasks/task-control.ts'
import { TopicCreationRules } from '../../../src/runtime/tasks/topic-creation.ts'

// What Kafka Connect's AbstractWorkerSourceTaskTest asserts of topic creation, under the same names.

const timeout = new ProtocolError(ErrorCode.REQUEST_TIMED_OUT, 'timeout')
const unauthorized = new ProtocolError(ErrorCode.TOPIC_AUTHORIZATION_FAILED, 'unauthorized')
const unknown = new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'missing')
const exists = new ProtocolError(ErrorCode.TOPIC_ALREADY_EXISTS, 'there')

type Answer = ProtocolError | 'found' | 'none'

/** An admin client that answers describe and create calls from two lists; a retriable error is thrown. */
function topics(
  describes: Answer[],
  creates: Answer[],
): { topics: SourceTopics; calls: string[]; control: TaskControl } {
  const calls: string[] = []
  const control = new TaskControl(false)
  const errorOf = (answers: Answer[]): ProtocolError | null => {
    const answer = answers.shift()
    if (answer === undefined) throw new Error('one call too many')
    if (answer instanceof ProtocolError && answer.retriable && answer !== unknown) throw answer
    return answer instanceof ProtocolError ? answer : null
  }
  const rules = TopicCreationRules.fromProps(
    { 'topic.creation.default.partitions': '1', 'topic.creation.default.replication.factor': '1' },
    true,
  )
  assert.ok(rules !== null)
  const admin = {
    async describeTopics(names: readonly string[]): Promise<DescribedTopic[]> {
      calls.push(`describe ${names.join()}`)
      return [{ name: names[0] ?? '', topic: null, error: errorOf(describes) }]
    },
    async createTopics(list: readonly { name: string }[]): Promise<CreatedTopic[]> {
      const [topic] = list
      calls.push(`create ${topic?.name}`)
      if (creates[0] === 'none') return []
      return [{ name: topic?.name ?? '', error: errorOf(creates), partitions: 1, replicationFactor: 1 }]
    },
  }
  const env = { control, logger: silentLogger, id: { connector: 'c', task: 0 } }
  return { topics: new SourceTopics(rules, () => admin, env), calls, control }
}

test('testTopicCreateWhenTopicExists: it is not created, and looked for only once', async () => {
  const { topics: known, calls } = topics(['found'], [])
  await known.ensure('t')
  await known.ensure('t')
  assert.deepEqual(calls, ['describe t'])
})

test('testSendRecordsTopicDescribeRetries', async () => {
  const { topics: known, calls } = topics([timeout, unknown], ['found'])
  await known.ensure('t')
  assert.deepEqual(calls, ['describe t', 'describe t', 'create t'])
})

test('testSendRecordsTopicCreateRetries', async () => {
  const { topics: known, calls } = topics([unknown, unknown], [timeout, 'found'])
  await known.ensure('t')
  assert.deepEqual(calls, ['describe t', 'create t', 'describe t', 'create t'])
})

test('testSendRecordsTopicDescribeRetriesMidway: a second topic has its own retries', async () => {
  const { topics: known, calls } = topics([unknown, timeout, unknown], ['found', 'found'])
  await known.ensure('t')
  await known.ensure('u')
  assert.deepEqual(calls, ['describe t', 'create t', 'describe u', 'describe u', 'create u'])
})

test('testSendRecordsTopicCreateRetriesMidway', async () => {
  const { topics: known, calls } = topics([unknown, unknown, unknown], ['found', timeout, 'found'])
  await known.ensure('t')
  await known.ensure('u')
  assert.deepEqual(calls, ['describe t', 'create t', 'describe u', 'create u', 'describe u', 'create u'])
})

test('testTopicDescribeFails', async () => {
  const { topics: known, calls } = topics([unauthorized], [])
  await assert.rejects(known.ensure('t'), /Task failed to create new topic t: .*unauthorized/)
  assert.deepEqual(calls, ['describe t'])
})

test('testTopicCreateFails', async () => {
  const { topics: known } = topics([unknown], [unauthorized])
  await assert.rejects(known.ensure('t'), /Ensure that the task is authorized to create topics/)
})

test('testTopicCreateFailsWithExceptionWhenCreateReturnsTopicNotCreatedOrFound', async () => {
  const { topics: known } = topics([unknown], ['none'])
  await assert.rejects(known.ensure('t'), /neither created nor found/)
})

test('testTopicCreateSucceedsWhenCreateReturnsExistingTopicFound and …NewTopicFound', async () => {
  for (const answer of [exists, 'found'] as const) {
    const { topics: known, calls } = topics([unknown], [answer])
    await known.ensure('t')
    await known.ensure('t')
    assert.deepEqual(calls, ['describe t', 'create t'])
  }
})

test('a task that stops does not try on', async () => {
  const { topics: known, control } = topics([timeout], [])
  control.stop()
  await assert.rejects(known.ensure('t'), /timeout/)
})
