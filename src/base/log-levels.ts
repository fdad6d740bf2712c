import type { Logger as PinoLogger } from 'pino'

/** A level in the words of Log4j, as Kafka Connect's REST API speaks them. */
export type LevelName = 'OFF' | 'FATAL' | 'ERROR' | 'WARN' | 'INFO' | 'DEBUG' | 'TRACE' | 'ALL'

/** A named logger's level; `lastModified` in milliseconds since the epoch, null when it was never changed. */
export interface NamedLevel {
  readonly level: LevelName
  readonly lastModified: number | null
}

/** A change of level, as it is passed on to other threads. */
export interface LevelChange {
  readonly logger: string
  readonly level: LevelName
}

export const ROOT_LOGGER = 'root'

const pinoLevels: Readonly<Record<LevelName, string>> = {
  OFF: 'silent',
  FATAL: 'fatal',
  ERROR: 'error',
  WARN: 'warn',
  INFO: 'info',
  DEBUG: 'debug',
  TRACE: 'trace',
  ALL: 'trace',
}

/** Trimmed, in any case; null for what is no level. */
export function levelName(text: string): LevelName | null {
  const name = text.trim().toUpperCase()
  return Object.hasOwn(pinoLevels, name) ? (name as LevelName) : null
}

/**
 * The levels of a thread's named loggers. A logger without a level of its own has that of its nearest ancestor by dots,
 * as in Log4j. Loggers are known once they were made or set; those that nobody holds any more are forgotten.
 */
export class LogLevels {
  readonly #set = new Map<string, { level: LevelName; lastModified: number | null }>()
  readonly #loggers = new Map<string, Set<WeakRef<PinoLogger>>>()
  readonly #changes: LevelChange[] = []
  readonly #listeners = new Set<(change: LevelChange) => void>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
    this.#set.set(ROOT_LOGGER, { level: 'INFO', lastModified: null })
  }

  /** The root's level at the start; no change that a user made. */
  begin(level: LevelName): void {
    this.#set.set(ROOT_LOGGER, { level, lastModified: null })
  }

  /** Puts a logger under the control of the levels. */
  adopt(name: string, logger: PinoLogger): void {
    const known = this.#loggers.get(name) ?? new Set()
    for (const reference of known) if (reference.deref() === undefined) known.delete(reference)
    known.add(new WeakRef(logger))
    this.#loggers.set(name, known)
    logger.level = pinoLevels[this.#effective(name)]
  }

  /** All that are known, `root` included, sorted by name. */
  all(): Record<string, NamedLevel> {
    return Object.fromEntries(this.#names().map((name) => [name, this.#named(name)]))
  }

  /** Null for a logger that is not known. */
  get(name: string): NamedLevel | null {
    const known = nameOf(name)
    return this.#set.has(known) || this.#loggers.has(known) ? this.#named(known) : null
  }

  /**
   * Sets the level of a logger, which is made known, and of all whose names begin with its name; of all with `root`.
   * @returns the names of those whose level changed, sorted
   */
  set(name: string, level: LevelName): string[] {
    const namespace = nameOf(name)
    const touched = this.#names().filter((known) => namespace === ROOT_LOGGER || known.startsWith(namespace))
    if (!touched.includes(namespace)) touched.push(namespace)
    const lastModified = this.#now()
    const changed = touched.filter((known) => !this.#isKnown(known) || this.#effective(known) !== level)
    for (const known of touched) {
      const before = this.#set.get(known)?.lastModified ?? null
      this.#set.set(known, { level, lastModified: changed.includes(known) ? lastModified : before })
    }
    for (const [known, loggers] of this.#loggers) {
      for (const reference of loggers) {
        const logger = reference.deref()
        if (logger !== undefined) logger.level = pinoLevels[this.#effective(known)]
      }
    }
    const change = { logger: namespace, level }
    this.#changes.push(change)
    for (const listener of this.#listeners) listener(change)
    return changed.toSorted()
  }

  /** All changes so far, for a thread that is about to start. */
  changes(): LevelChange[] {
    return [...this.#changes]
  }

  /** Calls `listener` with every further change. @returns what ends that */
  onChange(listener: (change: LevelChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #names(): string[] {
    return [...new Set([...this.#set.keys(), ...this.#loggers.keys()])].toSorted()
  }

  #isKnown(name: string): boolean {
    return this.#set.has(name) || this.#loggers.has(name)
  }

  #named(name: string): NamedLevel {
    return { level: this.#effective(name), lastModified: this.#set.get(name)?.lastModified ?? null }
  }

  #effective(name: string): LevelName {
    for (let known = name; known !== ''; known = known.slice(0, Math.max(0, known.lastIndexOf('.')))) {
      const own = this.#set.get(known)
      if (own !== undefined) return own.level
    }
    return this.#set.get(ROOT_LOGGER)?.level ?? 'INFO'
  }
}

function nameOf(name: string): string {
  return name.toLowerCase() === ROOT_LOGGER ? ROOT_LOGGER : name
}

/** Of this thread: each has loggers of its own, and is told of changes by the one that started it. */
export const logLevels = new LogLevels()
