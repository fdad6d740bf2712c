import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { silentLogger } from '../../src/base/logger.ts'
import { ExitCode } from '../../src/cli/exit-codes.ts'
import { runUntilSignal, type Service, StopSignals } from '../../src/cli/stop-signals.ts'

const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

afterEach(() => {
  for (const name of names) process.removeAllListeners(name)
})

/** A part that notes when it is stopped. */
function part(name: string, stopped: string[]): Service {
  return {
    stop: async () => {
      stopped.push(name)
    },
    failed: new Promise<never>(() => undefined),
  }
}

for (const name of names) {
  test(`${name} stops the parts of what runs, the last one first`, async () => {
    const stopped: string[] = []
    const started = Promise.withResolvers<void>()
    const code = runUntilSignal(
      async (opened) => {
        opened(part('broker', stopped))
        opened(part('worker', stopped))
        started.resolve()
      },
      new StopSignals(),
      silentLogger,
    )
    await started.promise
    process.emit(name)
    assert.equal(await code, ExitCode.ok)
    assert.deepEqual(stopped, ['worker', 'broker'])
  })
}

test('a signal during the start stops what was opened by then, which ends the start', async () => {
  const stopped: string[] = []
  const waiting = Promise.withResolvers<void>()
  const code = runUntilSignal(
    async (opened) => {
      opened({
        ...part('worker', stopped),
        stop: async () => {
          stopped.push('worker')
          waiting.reject(new Error('the worker is shutting down'))
        },
      })
      process.emit('SIGTERM')
      await waiting.promise
    },
    new StopSignals(),
    silentLogger,
  )
  assert.equal(await code, ExitCode.ok)
  assert.deepEqual(stopped, ['worker'])
})

test('what is opened after a signal is stopped too, and the start does not go on', async () => {
  const stopped: string[] = []
  let wentOn = false
  const code = runUntilSignal(
    async (opened) => {
      process.emit('SIGTERM')
      await new Promise(setImmediate)
      opened(part('broker', stopped))
      wentOn = true
    },
    new StopSignals(),
    silentLogger,
  )
  assert.equal(await code, ExitCode.ok)
  assert.deepEqual([stopped, wentOn], [['broker'], false])
})

test('after a signal nothing is started', async () => {
  const signals = new StopSignals()
  process.emit('SIGTERM')
  const start = (): Promise<void> => assert.fail('it was started')
  assert.equal(await runUntilSignal(start, signals, silentLogger), ExitCode.ok)
})

test('a start that does not end is given up, with an error', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const signals = new StopSignals()
  const running = runUntilSignal(() => new Promise<void>(() => undefined), signals, silentLogger)
  const failed = assert.rejects(running, /Calling off the start did not finish within 10000 ms/)
  process.emit('SIGTERM')
  await new Promise(setImmediate)
  t.mock.timers.tick(10_000)
  await failed
})

test('a start that fails, and a part that fails, stop the others and give their error', async () => {
  const stopped: string[] = []
  const failing = runUntilSignal(
    async (opened) => {
      opened(part('broker', stopped))
      throw new Error('port in use')
    },
    new StopSignals(),
    silentLogger,
  )
  await assert.rejects(failing, /port in use/)
  const lost = Promise.withResolvers<never>()
  const running = runUntilSignal(
    async (opened) => {
      opened(part('broker', stopped))
      opened({ ...part('worker', stopped), failed: lost.promise })
      lost.reject(new Error('fenced'))
    },
    new StopSignals(),
    silentLogger,
  )
  await assert.rejects(running, /fenced/)
  assert.deepEqual(stopped, ['broker', 'worker', 'broker'])
})
