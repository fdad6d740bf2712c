import type { Logger } from '../base/logger.ts'
import { ExitCode } from './exit-codes.ts'

/** Something that runs until it is told to stop. */
export interface Service {
  /** Stops gracefully. */
  stop(): Promise<void>
  /** Rejects if it ends by itself; never resolves otherwise. */
  readonly failed: Promise<never>
}

/**
 * Waits for SIGINT, SIGTERM or SIGHUP, or until the service fails, stops it, and gives the exit code. A second signal
 * ends the process at once.
 */
export async function runUntilSignal(service: Service, logger: Logger): Promise<ExitCode> {
  const signal = new Promise<NodeJS.Signals>((resolve) => {
    let received = 0
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(name, () => {
        if (++received > 1) process.exit(ExitCode.runtime)
        resolve(name)
      })
    }
  })
  try {
    const name = await Promise.race([signal, service.failed])
    logger.info({ signal: name }, 'Stopping; once more stops at once')
    await service.stop()
    return ExitCode.ok
  } catch (error) {
    await service.stop().catch(() => undefined)
    throw error
  }
}
