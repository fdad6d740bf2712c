import { type LeveledName, LogLevels, parseLevel } from '../../base/log-levels.ts'
import { type Logger, levelsOf } from '../../base/logger.ts'
import { BadRequestError, NotFoundError } from '../errors.ts'
import { loggerNames } from '../logger-names.ts'
import type { ConfigStore } from '../stores/config-store.ts'
import type { LoggerLevel, LoggerScope } from './herder.ts'

/** A class name may have as many bytes in Java's own format, and none has. */
const LONGEST_NAME = 1000
/** Names that no logger had when their level was set; each is kept, and told to every thread. */
const MOST_UNUSED = 500

/** Levels of loggers, changed on this worker or, through the configuration topic, on all that run now (KIP-976). */
export class LoggerAdmin {
  readonly #levels: LogLevels
  readonly #config: Pick<ConfigStore, 'putLoggerLevel'>
  readonly #hasPeers: boolean
  readonly #logger: Logger
  readonly #unused = new Set<string>()

  /** Of a logger that is not ours the levels are kept, but change nothing. */
  constructor(config: Pick<ConfigStore, 'putLoggerLevel'>, hasPeers: boolean, logger: Logger) {
    this.#levels = levelsOf(logger) ?? new LogLevels('INFO')
    this.#config = config
    this.#hasPeers = hasPeers
    this.#logger = logger
    for (const name of Object.values(loggerNames)) this.#levels.know(name)
  }

  all(): Record<string, LoggerLevel> {
    return Object.fromEntries(this.#levels.all().map(([name, level]) => [name, shown(level)]))
  }

  level(name: string): LoggerLevel {
    const found = this.#levels.get(name)
    if (found === null) throw new NotFoundError(`Logger ${name} not found.`)
    return shown(found)
  }

  async set(name: string, text: string, scope: LoggerScope): Promise<string[] | null> {
    const level = parseLevel(text)
    if (level === null) throw new NotFoundError(`invalid log level '${text}'.`)
    if (name === '' || name.length > LONGEST_NAME) {
      throw new BadRequestError(`A logger's name has 1 to ${LONGEST_NAME} characters, this one has ${name.length}`)
    }
    if (!this.#hasRoom(name)) {
      throw new BadRequestError(
        `${MOST_UNUSED} loggers that nothing logs through have a level already: set that of a logger that GET /admin/loggers lists, or of one above it`,
      )
    }
    if (scope === 'worker') return this.#levels.set(name, level)
    if (this.#hasPeers) await this.#config.putLoggerLevel(name, level)
    else this.#levels.set(name, level)
    return null
  }

  /** A level that someone set for the whole cluster. */
  follow(name: string, text: string): void {
    const level = parseLevel(text)
    if (level !== null && this.#hasRoom(name)) this.#levels.set(name, level)
    else if (level !== null)
      this.#logger.warn({ name }, 'Ignored a level in the config topic: there are too many loggers')
    else this.#logger.warn({ name, level: text }, 'Ignored a level in the config topic that does not exist')
  }

  /** Notes a name that is not known yet. */
  #hasRoom(name: string): boolean {
    if (this.#levels.get(name) !== null) return true
    // Above one that is known, like the package of a class, it is of use.
    if (this.#unused.size >= MOST_UNUSED) return this.#levels.all().some(([known]) => known.startsWith(name))
    this.#unused.add(name)
    return true
  }
}

function shown({ level, lastModified }: LeveledName): LoggerLevel {
  return { level, last_modified: lastModified }
}
