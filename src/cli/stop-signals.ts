import { withDeadline } from '../base/deadline.ts'
import { endProcess } from '../base/end-process.ts'
import { giveMemoryBackWhenIdle } from '../base/idle-memory.ts'
import type { Logger } from '../base/logger.ts'
import { ExitCode } from './exit-codes.ts'

/** Something that runs until it is told to stop. */
export interface Service {
  /** Stops gracefully, also while it still starts. */
  stop(): Promise<void>
  /** Rejects if it ends by itself; never resolves otherwise. */
  readonly failed: Promise<never>
}

/**
 * Starts something, and resolves when it is ready. Each part is to be given to `opened` as soon as there is something to
 * stop; this throws when the start is no longer wanted, which `stop` says too.
 */
export type Start = (opened: (part: Service) => void, stop: AbortSignal) => Promise<void>

/** How long a start that was called off may take to end, after everything that it opened was stopped. */
const START_END_TIMEOUT_MS = 10_000

/**
 * SIGINT, SIGTERM and SIGHUP, from the moment that this is made: the first one asks for an orderly end, a second one ends
 * the process at once.
 */
export class StopSignals {
  readonly #stop = new AbortController()
  readonly #received = Promise.withResolvers<NodeJS.Signals>()

  constructor() {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        if (this.#stop.signal.aborted) endProcess(ExitCode.runtime)
        this.#stop.abort()
        this.#received.resolve(name)
      })
    }
  }

  /** Aborted by the first signal. */
  get stop(): AbortSignal {
    return this.#stop.signal
  }

  /** Resolves with the name of the first signal. */
  get received(): Promise<NodeJS.Signals> {
    return this.#received.promise
  }
}

/**
 * Starts a service, waits for a signal or until one of its parts fails, stops the parts, the last one first, and gives the
 * exit code. A signal is obeyed at any moment of the start as well.
 */
export async function runUntilSignal(start: Start, signals: StopSignals, logger: Logger): Promise<ExitCode> {
  if (signals.stop.aborted) return ExitCode.ok
  giveMemoryBackWhenIdle({ logger })
  const parts: Service[] = []
  const failure = Promise.withResolvers<never>()
  failure.promise.catch(() => undefined)
  const starting = start((part) => {
    parts.push(part)
    part.failed.catch(failure.reject)
    signals.stop.throwIfAborted()
  }, signals.stop)
  const started = starting.then(() => new Promise<never>(() => undefined))
  started.catch(() => undefined)
  try {
    const name = await Promise.race([signals.received, failure.promise, started])
    logger.info({ signal: name }, 'Stopping; once more stops at once')
  } catch (error) {
    await stopAll(parts).catch(() => undefined)
    throw error
  }
  // A start that is still under way ends with the parts that it has opened, and then must not leave another one.
  await stopAll(parts)
  await withDeadline(
    starting.catch(() => undefined),
    START_END_TIMEOUT_MS,
    'Calling off the start',
  )
  await stopAll(parts)
  return ExitCode.ok
}

async function stopAll(parts: Service[]): Promise<void> {
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) await part.stop()
}
