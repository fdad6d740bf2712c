import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger, type Logger } from '../../../src/base/logger.ts'
import { DataError, RetriableError } from '../../../src/connect/index.ts'
import { ErrorHandler, errorPolicy } from '../../../src/runtime/errors/error-handler.ts'
import { type Stage, StageError } from '../../../src/runtime/errors/stage-error.ts'
import { traceOf } from '../../../src/runtime/errors/trace.ts'

function handler(
  props: Record<string, string>,
  signal = new AbortController().signal,
): { handler: ErrorHandler; lines: [object, string][] } {
  const lines: [object, string][] = []
  const logger = {
    ...silentLogger,
    error: (fields: object, text: string) => void lines.push([fields, text]),
  } as unknown as Logger
  return { handler: new ErrorHandler({ connector: 'c', task: 1, policy: errorPolicy(props), logger, signal }), lines }
}

const failing = (stage: Stage, cause: Error = new DataError('bad')): StageError =>
  new StageError(stage, 'x.Converter', cause)
const never = (): never => {
  throw new Error('must not be tried again')
}

test('by default a faulty record ends the task, with stage, class and cause in the message', async () => {
  const { handler: errors, lines } = handler({})
  await assert.rejects(
    errors.recover(failing('VALUE_CONVERTER'), never),
    /Tolerance exceeded in error handler: x\.Converter failed in stage VALUE_CONVERTER: bad/,
  )
  assert.deepEqual(lines, [])
  assert.equal(errors.counters.errors, 1)
  assert.equal(errors.counters.skipped, 0)
})

test('with errors.tolerance=all it is skipped, and logged when asked for, with its coordinates only when asked for', async () => {
  const coordinates = { topic: 't', partition: 0, offset: 7 }
  const plain = handler({ 'errors.tolerance': 'all', 'errors.log.enable': 'true' })
  assert.equal(await plain.handler.recover(failing('KEY_CONVERTER'), never, coordinates), null)
  assert.equal(
    plain.lines[0]?.[1],
    "Error encountered in task c-1. Executing stage 'KEY_CONVERTER' with class 'x.Converter'",
  )
  assert.equal('record' in (plain.lines[0]?.[0] ?? {}), false)
  const full = handler({
    'errors.tolerance': 'all',
    'errors.log.enable': 'true',
    'errors.log.include.messages': 'true',
  })
  await full.handler.recover(failing('KEY_CONVERTER'), never, coordinates)
  const [fields] = full.lines[0] ?? []
  assert.deepEqual((fields as { record?: object } | undefined)?.record, coordinates)
})

test('only retriable failures are tried again, until one attempt succeeds', async () => {
  const { handler: errors } = handler({ 'errors.retry.timeout': '-1', 'errors.retry.delay.max.ms': '1' })
  let attempts = 0
  const outcome = await errors.recover(failing('TRANSFORMATION', new RetriableError('later')), () => {
    if (++attempts < 3) throw failing('TRANSFORMATION', new RetriableError('later'))
    return 'done'
  })
  assert.equal(outcome, 'done')
  assert.equal(attempts, 3)
  assert.equal(errors.counters.retries, 3)
  await assert.rejects(errors.recover(failing('TRANSFORMATION'), never), /bad/)
})

test('a record whose retries run out is skipped even without tolerance, as in Kafka Connect', async () => {
  const { handler: errors } = handler({ 'errors.retry.timeout': '20', 'errors.retry.delay.max.ms': '5' })
  const again = (): never => {
    throw failing('TRANSFORMATION', new RetriableError('later'))
  }
  assert.equal(await errors.recover(failing('TRANSFORMATION', new RetriableError('later')), again), null)
  assert.ok(errors.counters.retries > 0)
})

test('a task that stops does not wait for the next attempt', async () => {
  const stop = new AbortController()
  const { handler: errors } = handler({ 'errors.retry.timeout': '-1' }, stop.signal)
  const recovering = errors.recover(failing('TRANSFORMATION', new RetriableError('later')), never)
  stop.abort()
  await assert.rejects(recovering, /stopped while it waited to retry/)
})

test('an error that comes from no stage is passed on as it is', async () => {
  const { handler: errors } = handler({ 'errors.tolerance': 'all' })
  const error = new Error('bug')
  await assert.rejects(errors.recover(error, never), (thrown) => thrown === error)
})

test('a trace shows an error and its causes with their places', () => {
  const trace = traceOf(new Error('outer', { cause: new TypeError('inner', { cause: 'text' }) }))
  assert.match(trace, /^Error: outer\n\tat [\s\S]*\nCaused by: TypeError: inner\n\tat [\s\S]*\nCaused by: text$/)
})
