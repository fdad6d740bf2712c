import { pino, type Logger as PinoLogger } from 'pino'
import { withoutSecrets } from './secrets.ts'

/**
 * What every part logs through. Structured fields first, the sentence second, as pino has it:
 * `logger.info({ connector }, 'Connector started')`. Never pass configuration values: they may hold secrets.
 * What errors of plugins quote of them is hidden by `secrets.ts`.
 */
export type Logger = Pick<PinoLogger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'> & {
  child(bindings: Record<string, unknown>): Logger
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/**
 * Makes the root logger of a process or thread: one JSON line an event on standard output, or on standard error when
 * `destination` is 2 (a command whose standard output is data).
 */
export function createLogger(
  options: { level?: LogLevel; destination?: 1 | 2; bindings?: Record<string, unknown> } = {},
): Logger {
  const { level = 'info', destination = 1, bindings = {} } = options
  return pino(
    { level, base: bindings, timestamp: pino.stdTimeFunctions.isoTime, hooks: { streamWrite: withoutSecrets } },
    pino.destination({ fd: destination, sync: true }),
  )
}

/** Swallows everything; for tests and for code that was given no logger. */
export const silentLogger: Logger = pino({ level: 'silent' })
