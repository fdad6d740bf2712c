import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Logger, silentLogger } from '../../../src/base/logger.ts'
import { hideInLogs } from '../../../src/base/secrets.ts'
import type { ProducerRecord } from '../../../src/client/index.ts'
import { ConnectError, DataError } from '../../../src/connect/index.ts'
import { decodeBatch, RecordBatchBuilder, type RecordHeader } from '../../../src/protocol/records/index.ts'
import { ConsumedRecord } from '../../../src/runtime/errors/consumed-record.ts'
import { DeadLetterQueue } from '../../../src/runtime/errors/dead-letter-queue.ts'
import { newErrorCounters } from '../../../src/runtime/errors/error-handler.ts'
import { errorPolicy } from '../../../src/runtime/errors/error-policy.ts'
import { LogReporter } from '../../../src/runtime/errors/log-reporter.ts'
import { StageError } from '../../../src/runtime/errors/stage-error.ts'

// The tests of Kafka Connect's ErrorReporterTest under their names, and what goes beyond them.

const id = { connector: 'job', task: 0 }
const JSON_CONVERTER = 'org.apache.kafka.connect.json.JsonConverter'
const failure = (cause: Error): StageError => new StageError('KEY_CONVERTER', JSON_CONVERTER, cause)

/** The record at offset 100 of test-topic-5. */
function consumed(given: { headers?: RecordHeader[]; timestamp?: number } = {}): ConsumedRecord {
  const builder = new RecordBatchBuilder()
  const { headers = [], timestamp = -1 } = given
  builder.append({ timestamp, key: Buffer.from('source-key'), value: Buffer.from('source-value'), headers })
  const columns = decodeBatch(builder.build(), 0)
  columns.offsets[0] = 100
  return new ConsumedRecord('test-topic', 5, columns, 0)
}

function queue(given: Record<string, string> = {}): {
  queue: DeadLetterQueue
  sent: ProducerRecord[]
  counters: ReturnType<typeof newErrorCounters>
  isClosed: () => boolean
  failSends: () => void
} {
  const sent: ProducerRecord[] = []
  const counters = newErrorCounters()
  const policy = errorPolicy({ 'errors.deadletterqueue.topic.name': 'dlq', ...given }).deadLetters
  assert.ok(policy !== null)
  let closed = false
  let failing = false
  const sender = {
    send: (record: ProducerRecord) => {
      sent.push(record)
      return failing ? Promise.reject(new Error('no room')) : Promise.resolve()
    },
    close: () => {
      closed = true
      return Promise.resolve()
    },
  }
  return {
    queue: new DeadLetterQueue({ id, policy, sender, counters, logger: silentLogger }),
    sent,
    counters,
    isClosed: () => closed,
    failSends: () => {
      failing = true
    },
  }
}

function headersOf(record: ProducerRecord | undefined): [string, string | null][] {
  return (record?.headers ?? []).map(({ key, value }) => [key, value === null ? null : Buffer.from(value).toString()])
}

test('testDLQConfigWithEmptyTopicName: there is no dead letter topic', () => {
  assert.equal(errorPolicy({}).deadLetters, null)
  assert.equal(errorPolicy({ 'errors.deadletterqueue.topic.name': ' ' }).deadLetters, null)
})

test('testDLQConfigWithValidTopicName: key, value, headers and timestamp go there as they are, to no particular partition', async () => {
  const { queue: letters, sent, counters } = queue()
  const headers = [{ key: 'h', value: Buffer.from([1, 2]) }]
  await letters.report(failure(new DataError('bad')), consumed({ headers, timestamp: 77 }))
  const [record] = sent
  assert.equal(record?.topic, 'dlq')
  assert.equal(record.partition, undefined)
  assert.equal(record.timestamp, 77)
  assert.equal(Buffer.from(record.key ?? []).toString(), 'source-key')
  assert.equal(Buffer.from(record.value ?? []).toString(), 'source-value')
  assert.deepEqual(
    record.headers?.map(({ key, value }) => [key, [...(value ?? [])]]),
    [['h', [1, 2]]],
  )
  assert.equal(counters.deadLetterRequests, 1)
  assert.equal(counters.deadLetterFailures, 0)
})

test('a record without a timestamp gets that of the producer', async () => {
  const { queue: letters, sent } = queue()
  await letters.report(failure(new DataError('bad')), consumed())
  assert.equal(sent[0]?.timestamp, undefined)
})

test('testReportDLQTwice', async () => {
  const { queue: letters, sent, counters } = queue()
  await letters.report(failure(new DataError('bad')), consumed())
  await letters.report(failure(new DataError('bad')), consumed())
  assert.equal(sent.length, 2)
  assert.equal(counters.deadLetterRequests, 2)
})

test('a failure without a record, and one that cannot be sent, count as failed', async () => {
  const { queue: letters, counters, failSends } = queue()
  assert.equal(letters.report(failure(new DataError('bad')), undefined), null)
  assert.equal(counters.deadLetterFailures, 1)
  failSends()
  await assert.rejects(letters.report(failure(new DataError('bad')), consumed()) ?? Promise.resolve(), /no room/)
  assert.equal(counters.deadLetterFailures, 2)
})

test('testCloseDLQ', async () => {
  const { queue: letters, isClosed } = queue()
  await letters.close()
  assert.equal(isClosed(), true)
})

function logReporter(props: Record<string, string>): {
  log: LogReporter
  lines: string[]
  counters: { logged: number }
} {
  const lines: string[] = []
  const counters = { logged: 0 }
  const logger = { ...silentLogger, error: (_: object, text: string) => void lines.push(text) } as unknown as Logger
  return { log: new LogReporter({ id, policy: errorPolicy(props), logger, counters }), lines, counters }
}

test('testLogOnDisabledLogReporter', () => {
  const { log, lines, counters } = logReporter({})
  assert.equal(log.report(failure(new Error('x')), consumed()), null)
  assert.deepEqual([lines, counters.logged], [[], 0])
})

test('testLogOnEnabledLogReporter and testLogMessageWithNoRecords', () => {
  const { log, lines, counters } = logReporter({ 'errors.log.enable': 'true' })
  log.report(failure(new Error('x')), consumed())
  assert.deepEqual(lines, [
    `Error encountered in task job-0. Executing stage 'KEY_CONVERTER' with class '${JSON_CONVERTER}'.`,
  ])
  assert.equal(counters.logged, 1)
})

test('testLogMessageWithSinkRecords and testLogReportAndReturnFuture: coordinates, never what the record holds', () => {
  const { log } = logReporter({ 'errors.log.enable': 'true', 'errors.log.include.messages': 'true' })
  const begin = `Error encountered in task job-0. Executing stage 'KEY_CONVERTER' with class '${JSON_CONVERTER}', where consumed record is {topic='test-topic', partition=5, offset=100`
  assert.equal(log.message(failure(new Error('x')), consumed()), `${begin}}.`)
  const stamped = log.message(failure(new Error('x')), consumed({ timestamp: 12 }))
  assert.equal(stamped, `${begin}, timestamp=12, timestampType=CreateTime}.`)
})

test('testSetDLQConfigs', () => {
  const named = errorPolicy({ 'errors.deadletterqueue.topic.name': 'test-dlq' }).deadLetters
  assert.deepEqual(named, { topic: 'test-dlq', replicationFactor: 3, contextHeaders: false })
  const given = {
    'errors.deadletterqueue.topic.name': 'd',
    'errors.deadletterqueue.topic.replication.factor': '7',
    'errors.deadletterqueue.context.headers.enable': 'true',
  }
  assert.deepEqual(errorPolicy(given).deadLetters, { topic: 'd', replicationFactor: 7, contextHeaders: true })
})

const CONTEXT = { 'errors.deadletterqueue.context.headers.enable': 'true' }

test('testDlqHeaderConsumerRecord: the context headers, in their order', async () => {
  const { queue: letters, sent } = queue(CONTEXT)
  const error = new StageError(
    'TRANSFORMATION',
    'org.apache.kafka.connect.transforms.Filter',
    new ConnectError('Test Exception'),
  )
  await letters.report(error, consumed())
  const headers = headersOf(sent[0])
  const trace = headers.at(-1)
  assert.deepEqual(headers.slice(0, -1), [
    ['__connect.errors.topic', 'test-topic'],
    ['__connect.errors.partition', '5'],
    ['__connect.errors.offset', '100'],
    ['__connect.errors.connector.name', 'job'],
    ['__connect.errors.task.id', '0'],
    ['__connect.errors.stage', 'TRANSFORMATION'],
    ['__connect.errors.class.name', 'org.apache.kafka.connect.transforms.Filter'],
    ['__connect.errors.exception.class.name', 'org.apache.kafka.connect.errors.ConnectException'],
    ['__connect.errors.exception.message', 'Test Exception'],
  ])
  assert.equal(trace?.[0], '__connect.errors.exception.stacktrace')
  assert.match(trace[1] ?? '', /^org\.apache\.kafka\.connect\.errors\.ConnectException: Test Exception\n\tat /)
})

test('testDlqHeaderOnNullExceptionMessage', async () => {
  const { queue: letters, sent } = queue(CONTEXT)
  await letters.report(failure(new TypeError()), consumed())
  const headers = new Map(headersOf(sent[0]))
  assert.equal(headers.get('__connect.errors.exception.message'), null)
  assert.match(headers.get('__connect.errors.exception.stacktrace') ?? '', /^TypeError\n/)
})

test('testDlqHeaderIsAppended: a header of that name that was there stays', async () => {
  const { queue: letters, sent } = queue(CONTEXT)
  const headers = [{ key: '__connect.errors.topic', value: Buffer.from('dummy') }]
  await letters.report(failure(new DataError('bad')), consumed({ headers }))
  const topics = headersOf(sent[0]).filter(([key]) => key === '__connect.errors.topic')
  assert.deepEqual(topics, [
    ['__connect.errors.topic', 'dummy'],
    ['__connect.errors.topic', 'test-topic'],
  ])
})

test('a secret that an error quotes does not get into the headers', async () => {
  hideInLogs(['sesame-47'])
  const { queue: letters, sent } = queue(CONTEXT)
  await letters.report(failure(new DataError('login with sesame-47 failed')), consumed())
  const headers = new Map(headersOf(sent[0]))
  assert.equal(headers.get('__connect.errors.exception.message'), 'login with [hidden] failed')
  assert.doesNotMatch(headers.get('__connect.errors.exception.stacktrace') ?? '', /sesame/)
})
