import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SinkRecord, SinkTask } from '../../../src/connect/index.ts'
import { ErrantRecords } from '../../../src/runtime/errors/errant-records.ts'
import { ErrorHandler } from '../../../src/runtime/errors/error-handler.ts'
import { errorPolicy } from '../../../src/runtime/errors/error-policy.ts'
import type { RecordConverters } from '../../../src/runtime/pipeline/record-converters.ts'
import { SinkCommitter } from '../../../src/runtime/tasks/sink-committer.ts'
import { SinkOffsets } from '../../../src/runtime/tasks/sink-offsets.ts'
import { FakeSinkConsumer } from '../../support/fake-sink-consumer.ts'
import { fakeEnvironment } from '../../support/task-environment.ts'

const partition = { topic: 'test', partition: 12 }
const record: SinkRecord = {
  ...partition,
  kafkaPartition: 12,
  kafkaOffset: 45,
  originalTopic: 'test',
  originalKafkaPartition: 12,
  originalKafkaOffset: 45,
  key: null,
  value: 'poison',
  timestampType: 'NoTimestampType',
}

test('a record that could not be kept as a dead letter is not committed, at the end of the task neither', async () => {
  const { env, control } = fakeEnvironment({ worker: { 'offset.flush.interval.ms': '1' } })
  const consumer = new FakeSinkConsumer(45)
  const offsets = new SinkOffsets()
  offsets.assign({ ...partition, offset: 45 })
  const errors = new ErrorHandler({ policy: errorPolicy({ 'errors.tolerance': 'all' }), signal: control.signal })
  errors.addReporter({ report: () => Promise.reject(new Error('too large')), close: () => Promise.resolve() })
  const errant = new ErrantRecords(errors, {} as RecordConverters)
  const task: SinkTask = { put: () => {} }
  const isCancelled = (): boolean => false
  const deps = { env, task, consumer, offsets, errors, errant, isCancelled, onCompleted: () => {} }
  const commits = new SinkCommitter(deps)
  const reported = errant.report(record, new Error('cannot be written'))
  // The task does not look at what becomes of its report.
  reported.catch(() => {})
  offsets.delivered({ ...partition, offset: 46 })
  commits.request()
  await assert.rejects(commits.commitIfDue(), /could not be stored as a dead letter: too large/)
  let isClosed = false
  const close = async (): Promise<void> => {
    isClosed = true
  }
  await assert.rejects(commits.close([partition], close), /could not be stored as a dead letter: too large/)
  assert.ok(isClosed)
  assert.deepEqual(consumer.commits, [])
})
