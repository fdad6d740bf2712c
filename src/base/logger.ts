import { type LogFn, pino, type Logger as PinoLogger } from 'pino'
import { type LevelWord, LogLevels, ROOT_LOGGER } from './log-levels.ts'
import { lineWithoutSecrets } from './secrets.ts'
import { standardStream } from './standard-stream.ts'

/**
 * What every part logs through. Structured fields first, the sentence second, as pino has it:
 * `logger.info({ connector }, 'Connector started')`. Never pass configuration values: they may hold secrets.
 * What errors of plugins quote of them is hidden by `secrets.ts`. A child with the binding `logger` is the logger of
 * that name, whose level can be changed while it is in use (see `log-levels.ts`).
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
  options: { level?: LogLevel; destination?: 1 | 2; bindings?: Record<string, unknown>; levels?: LogLevels } = {},
): Logger {
  const { level = 'info', destination = 1, bindings = {} } = options
  const lines = pino(
    {
      level,
      base: bindings,
      timestamp: pino.stdTimeFunctions.isoTime,
      hooks: { streamWrite: lineWithoutSecrets },
      serializers: { err: readable },
    },
    standardStream(destination),
  )
  return new LeveledLogger(lines, options.levels ?? new LogLevels(wordOf(level)), {})
}

/** An error as pino writes it, but that what its message says of its cause already is not said again. */
function readable(error: Error): unknown {
  const shown = pino.stdSerializers.err(error)
  const { cause } = error
  if (cause instanceof Error && error.message.includes(cause.message)) shown.message = error.message
  return shown
}

/** The levels that a logger obeys; null for one that was not made by {@link createLogger}. */
export function levelsOf(logger: Logger): LogLevels | null {
  return logger instanceof LeveledLogger ? logger.levels : null
}

/** Swallows everything; for tests and for code that was given no logger. */
export const silentLogger: Logger = pino({ level: 'silent' })

/** A pino logger that looks at the levels again after they have changed. */
class LeveledLogger implements Logger {
  readonly levels: LogLevels
  readonly #root: PinoLogger
  readonly #bindings: Record<string, unknown>
  readonly #name: string
  /** Made for the first line that is written: most loggers never write one, and with a task come two. */
  #lines: PinoLogger | null = null
  #level: LogLevel = 'silent'
  #version = -1

  constructor(root: PinoLogger, levels: LogLevels, bindings: Record<string, unknown>) {
    const name = bindings['logger']
    this.#root = root
    this.#bindings = bindings
    this.#name = typeof name === 'string' && name !== '' ? name : ROOT_LOGGER
    this.levels = levels
    levels.know(this.#name)
  }

  readonly trace = this.#at('trace')
  readonly debug = this.#at('debug')
  readonly info = this.#at('info')
  readonly warn = this.#at('warn')
  readonly error = this.#at('error')
  readonly fatal = this.#at('fatal')

  child(bindings: Record<string, unknown>): Logger {
    return new LeveledLogger(this.#root, this.levels, { ...this.#bindings, ...bindings })
  }

  /** Without the fields that each line of this logger has anyway: they would be in it twice. */
  #notBound(fields: unknown): unknown {
    if (typeof fields !== 'object' || fields === null || fields instanceof Error) return fields
    const entries = Object.entries(fields)
    const own = entries.filter(([name, value]) => this.#bindings[name] !== value)
    return own.length === entries.length ? fields : Object.fromEntries(own)
  }

  #at(method: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'): LogFn {
    return (...args: unknown[]): void => {
      if (this.#version !== this.levels.version) this.#followLevels()
      if (this.#level === 'silent' || valueOf(method) < valueOf(this.#level)) return
      this.#lines ??= this.#root.child(this.#bindings, { level: this.#level })
      const [fields, ...rest] = args
      ;(this.#lines[method] as (...given: unknown[]) => void)(this.#notBound(fields), ...rest)
    }
  }

  #followLevels(): void {
    this.#version = this.levels.version
    this.#level = pinoLevel(this.levels.level(this.#name))
    if (this.#lines !== null) this.#lines.level = this.#level
  }
}

function valueOf(level: Exclude<LogLevel, 'silent'>): number {
  return pino.levels.values[level] as number
}

function pinoLevel(word: LevelWord): LogLevel {
  if (word === 'OFF') return 'silent'
  return word === 'ALL' ? 'trace' : (word.toLowerCase() as LogLevel)
}

function wordOf(level: LogLevel): LevelWord {
  return level === 'silent' ? 'OFF' : (level.toUpperCase() as LevelWord)
}
