import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConnectError, DataError, RetriableError } from '../../../src/connect/index.ts'
import { ErrorHandler } from '../../../src/runtime/errors/error-handler.ts'
import { errorPolicy } from '../../../src/runtime/errors/error-policy.ts'
import type { ErrorReporter } from '../../../src/runtime/errors/failed-record.ts'
import { type Stage, StageError } from '../../../src/runtime/errors/stage-error.ts'
import { traceOf } from '../../../src/runtime/errors/trace.ts'

// The tests of Kafka Connect's RetryWithToleranceOperatorTest under their names, and what goes beyond them.

interface Clock {
  now: number
  /** What was waited for, in milliseconds. */
  readonly waits: number[]
}

function handler(
  props: Record<string, string> = {},
  stop = new AbortController(),
): { errors: ErrorHandler; clock: Clock; stop: AbortController } {
  const clock: Clock = { now: 0, waits: [] }
  const errors = new ErrorHandler({
    policy: errorPolicy(props),
    signal: stop.signal,
    now: () => clock.now,
    sleep: async (ms) => {
      clock.waits.push(ms)
      clock.now += ms
      return !stop.signal.aborted
    },
  })
  return { errors, clock, stop }
}

const ALL = { 'errors.tolerance': 'all' }
const failure = (stage: Stage, cause: Error): StageError => new StageError(stage, 'x.Converter', cause)
const never = (): never => {
  throw new Error('must not be tried again')
}

/** Runs an operation that throws `cause` in `stage`: true when the record is skipped. */
async function isSkipped(stage: Stage, cause: Error, props: Record<string, string>): Promise<boolean> {
  const { errors } = handler(props)
  return (await errors.recover(failure(stage, cause), never)) === null
}

test('testExecuteFailed: a failure found elsewhere is reported and tolerated', async () => {
  const { errors } = handler(ALL)
  await errors.failed(failure('TASK_PUT', new Error('x')))
  assert.equal(errors.counters.failures, 1)
})

test('testExecuteFailedNoTolerance: without tolerance it ends the task', () => {
  const { errors } = handler()
  assert.throws(() => void errors.failed(failure('TASK_PUT', new Error('x'))), /Tolerance exceeded in error handler/)
  assert.equal(errors.counters.errors, 1)
})

for (const [name, stage] of [
  ['Transformations', 'TRANSFORMATION'],
  ['HeaderConverter', 'HEADER_CONVERTER'],
  ['ValueConverter', 'VALUE_CONVERTER'],
  ['KeyConverter', 'KEY_CONVERTER'],
] as const) {
  test(`testHandleExceptionIn${name}: any exception is tolerated there`, async () => {
    assert.equal(await isSkipped(stage, new Error('any'), ALL), true)
  })

  test(`testHandleRetriableExceptionIn${name}ToleranceNone: without tolerance the task fails`, async () => {
    await assert.rejects(isSkipped(stage, new RetriableError('Test'), {}), /Tolerance exceeded in error handler/)
  })
}

for (const [name, stage] of [
  ['TaskPut', 'TASK_PUT'],
  ['TaskPoll', 'TASK_POLL'],
] as const) {
  test(`testHandleExceptionIn${name}: retriable ones are tolerated`, async () => {
    assert.equal(await isSkipped(stage, new RetriableError('Test'), ALL), true)
  })
}

for (const [name, stage] of [
  ['TaskPut', 'TASK_PUT'],
  ['TaskPoll', 'TASK_POLL'],
  ['KafkaConsume', 'KAFKA_CONSUME'],
  ['KafkaProduce', 'KAFKA_PRODUCE'],
] as const) {
  test(`testThrowExceptionIn${name}: others are not, whatever the tolerance`, async () => {
    await assert.rejects(isSkipped(stage, new Error('x'), ALL), /Unhandled exception in error handler/)
  })
}

/** An operation that throws `times` retriable errors altogether, the first of which has happened. */
async function retrying(
  timeoutMs: number,
  times: number,
): Promise<{ outcome: string | null; waits: number[]; attempts: number }> {
  const { errors, clock } = handler({ ...ALL, 'errors.retry.timeout': String(timeoutMs) })
  const error = failure('TRANSFORMATION', new RetriableError('Test'))
  let attempts = 1
  const outcome = await errors.recover(error, () => {
    attempts++
    if (attempts <= times) throw error
    return 'Success'
  })
  return { outcome, waits: clock.waits, attempts }
}

test('testExecAndHandleRetriableErrorOnce', async () => {
  assert.deepEqual(await retrying(6000, 1), { outcome: 'Success', waits: [300], attempts: 2 })
})

test('testExecAndHandleRetriableErrorThrice', async () => {
  assert.deepEqual(await retrying(6000, 3), { outcome: 'Success', waits: [300, 600, 1200], attempts: 4 })
})

test('testExecAndHandleRetriableErrorWithInfiniteRetries', async () => {
  const waits = [300, 600, 1200, 2400, 4800, 9600, 19200, 38400]
  assert.deepEqual(await retrying(-1, 8), { outcome: 'Success', waits, attempts: 9 })
})

test('testExecAndHandleRetriableErrorWithMaxRetriesExceeded: the last wait ends with the time for retries', async () => {
  assert.deepEqual(await retrying(6000, 6), { outcome: null, waits: [300, 600, 1200, 2400, 1500], attempts: 6 })
})

test('testExecAndHandleNonRetriableError: it is not tried again', async () => {
  const { errors, clock } = handler({ ...ALL, 'errors.retry.timeout': '6000' })
  assert.equal(await errors.recover(failure('TRANSFORMATION', new Error('Test')), never), null)
  assert.deepEqual(clock.waits, [])
})

test('testExitLatch: a stop ends the retries', async () => {
  const { errors, clock, stop } = handler({ ...ALL, 'errors.retry.timeout': '-1' })
  const error = failure('TRANSFORMATION', new RetriableError('test'))
  let attempts = 0
  const recovering = errors.recover(error, () => {
    if (++attempts === 3) stop.abort()
    throw error
  })
  // Unlike there the record is not skipped: nothing says that it is faulty, so it must come again.
  await assert.rejects(recovering, /stopped while it waited to retry/)
  assert.deepEqual(clock.waits, [300, 600, 1200, 2400])
  assert.equal(errors.counters.skipped, 0)
})

test('testBackoffLimit: never past the deadline, never negative', () => {
  const { errors, clock } = handler({ 'errors.retry.timeout': '5', 'errors.retry.delay.max.ms': '5000' })
  const waits: number[] = []
  for (let n = 1; n <= 5; n++) {
    const wait = errors.backoffMs(n, 5000)
    waits.push(wait)
    clock.now += wait
  }
  assert.deepEqual(waits, [300, 600, 1200, 2400, 500])
  clock.now += 1
  assert.equal(errors.backoffMs(6, 5000), 0)
})

test('above errors.retry.delay.max.ms the wait is something below it', () => {
  const { errors } = handler({ 'errors.retry.timeout': '-1', 'errors.retry.delay.max.ms': '1000' })
  for (let n = 3; n < 60; n++) assert.ok(errors.backoffMs(n, Infinity) < 1000)
})

test('testToleranceLimit: none tolerates nothing, all tolerates everything', async () => {
  const error = failure('VALUE_CONVERTER', new DataError('bad'))
  await assert.rejects(handler().errors.recover(error, never), /Tolerance exceeded/)
  const { errors } = handler(ALL)
  assert.equal(await errors.recover(error, never), null)
  assert.equal(await errors.recover(error, never), null)
  assert.equal(errors.counters.skipped, 2)
})

test('testDefaultConfigs', () => {
  const { tolerance, retryTimeoutMs, retryDelayMaxMs, log, logMessages, deadLetters } = errorPolicy({})
  assert.deepEqual(
    [tolerance, retryTimeoutMs, retryDelayMaxMs, log, logMessages, deadLetters],
    ['none', 0, 60_000, false, false, null],
  )
})

test('testSetConfigs', () => {
  assert.equal(errorPolicy({ 'errors.retry.timeout': '100' }).retryTimeoutMs, 100)
  assert.equal(errorPolicy({ 'errors.retry.delay.max.ms': '100' }).retryDelayMaxMs, 100)
  assert.equal(errorPolicy({ 'errors.tolerance': 'none' }).tolerance, 'none')
})

for (const [name, count] of [
  ['Single', 1],
  ['Multiple', 2],
] as const) {
  test(`testReportWith${name}Reporter${count > 1 ? 's' : ''}: a report is done when all have kept it`, async () => {
    const { errors } = handler(ALL)
    const kept = Array.from({ length: count }, () => Promise.withResolvers<void>())
    for (const { promise } of kept) errors.addReporter({ report: () => promise, close: () => Promise.resolve() })
    let isDone = false
    const reported = errors.failed(failure('TASK_PUT', new Error('x'))).then(() => {
      isDone = true
    })
    for (const { resolve } of kept) {
      await Promise.resolve()
      assert.equal(isDone, false)
      resolve()
    }
    await reported
    await errors.reported()
  })
}

test('testCloseErrorReporters and testCloseErrorReportersExceptionPropagation: all are closed, also when closing one fails', async () => {
  const { errors } = handler(ALL)
  let closed = 0
  const failing: ErrorReporter = {
    report: () => null,
    close: () => {
      closed++
      return Promise.reject(new Error('x'))
    },
  }
  errors.addReporter(failing)
  errors.addReporter(failing)
  await assert.rejects(errors.close(), ConnectError)
  assert.equal(closed, 2)
})

test('a record is reported once, also when it ends the task, and not at all when a retry mends it', async () => {
  const { errors } = handler({ 'errors.retry.timeout': '-1' })
  const reports: string[] = []
  errors.addReporter({
    report: (error) => {
      reports.push(error.stage)
      return null
    },
    close: () => Promise.resolve(),
  })
  assert.equal(await errors.recover(failure('TRANSFORMATION', new RetriableError('later')), () => 'done'), 'done')
  assert.deepEqual(reports, [])
  await assert.rejects(errors.recover(failure('KEY_CONVERTER', new DataError('bad')), never))
  assert.deepEqual(reports, ['KEY_CONVERTER'])
  assert.equal(errors.counters.retries, 1)
  assert.equal(errors.counters.errors, 1)
})

test('the next step has its own time for retries', async () => {
  const { errors, clock } = handler({ ...ALL, 'errors.retry.timeout': '500' })
  const outcomes = [
    failure('TRANSFORMATION', new RetriableError('later')),
    failure('KEY_CONVERTER', new RetriableError('later')),
  ]
  const outcome = await errors.recover(outcomes[0], () => {
    const next = outcomes.shift()
    if (outcomes.length === 1) throw outcomes[0]
    return next === undefined ? 'done' : 'mended'
  })
  assert.equal(outcome, 'mended')
  assert.deepEqual(clock.waits, [300, 300])
})

test('an error that comes from no stage is passed on as it is', async () => {
  const { errors } = handler(ALL)
  const error = new Error('bug')
  await assert.rejects(errors.recover(error, never), (thrown) => thrown === error)
})

test('a trace shows an error and its causes with their places', () => {
  const trace = traceOf(new Error('outer', { cause: new TypeError('inner', { cause: 'text' }) }))
  assert.match(trace, /^Error: outer\n\tat [\s\S]*\nCaused by: TypeError: inner\n\tat [\s\S]*\nCaused by: text$/)
})
