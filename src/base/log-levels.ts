/** A level in the words of Log4j, as Kafka Connect's REST API speaks them. */
export type LevelWord = 'OFF' | 'FATAL' | 'ERROR' | 'WARN' | 'INFO' | 'DEBUG' | 'TRACE' | 'ALL'

/** A logger's level; `lastModified` in milliseconds since the epoch, null when it was never changed. */
export interface LeveledName {
  readonly level: LevelWord
  readonly lastModified: number | null
}

/** Names with levels of their own, for another thread. */
export type LevelSnapshot = readonly (readonly [name: string, level: LevelWord])[]

/** What listeners are told: levels were changed, or a logger was made that was not known. */
export type LevelChange =
  | { readonly type: 'levels'; readonly levels: LevelSnapshot }
  | { readonly type: 'name'; readonly name: string }

/** The logger above all others; its name may be written in any case. */
export const ROOT_LOGGER = 'root'

const words: readonly string[] = ['OFF', 'FATAL', 'ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE', 'ALL']

/** Trimmed, in any case; null for what is no level. */
export function parseLevel(text: string): LevelWord | null {
  const word = text.trim().toUpperCase()
  return words.includes(word) ? (word as LevelWord) : null
}

/**
 * The levels of a thread's named loggers, which are a tree by the dots of their names: a logger without a level of its own
 * has that of the nearest one above it. Loggers ask again when {@link version} has changed, so that none need be kept.
 */
export class LogLevels {
  readonly #own = new Map<string, LevelWord>()
  readonly #known = new Set<string>([ROOT_LOGGER])
  readonly #modified = new Map<string, number>()
  readonly #listeners = new Set<(change: LevelChange) => void>()
  readonly #now: () => number
  #version = 0

  /** @param root the level of all that have none of their own */
  constructor(root: LevelWord, now: () => number = Date.now) {
    this.#own.set(ROOT_LOGGER, root)
    this.#now = now
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version
  }

  /** Makes a name known: it is listed, and found by levels that are set above it. */
  know(name: string): void {
    if (this.#known.has(name)) return
    this.#known.add(name)
    this.#tell({ type: 'name', name })
  }

  /** The level that holds for a logger, known or not. */
  level(name: string): LevelWord {
    for (let part = name; part !== ''; part = part.slice(0, Math.max(0, part.lastIndexOf('.')))) {
      const own = this.#own.get(part)
      if (own !== undefined) return own
    }
    return this.#own.get(ROOT_LOGGER) ?? 'INFO'
  }

  /** Null for a logger that is not known. `root` is found in any case. */
  get(name: string): LeveledName | null {
    const known = canonical(name)
    return this.#known.has(known) ? this.#leveled(known) : null
  }

  /** All that are known and not OFF, `root` among them, sorted by name. */
  all(): [name: string, level: LeveledName][] {
    const leveled = [...this.#known].toSorted().map((name): [string, LeveledName] => [name, this.#leveled(name)])
    return leveled.filter(([, { level }]) => level !== 'OFF')
  }

  /**
   * Sets the level of a logger, which is known from then on, and of all known ones whose names begin with its name; with
   * `root` of all. What had that level already keeps its time of modification.
   * @returns the names of those whose level changed, sorted
   */
  set(name: string, level: LevelWord): string[] {
    const namespace = canonical(name)
    this.know(namespace)
    const touched = [...this.#known].filter((known) => namespace === ROOT_LOGGER || known.startsWith(namespace))
    const changed = touched.filter((known) => this.level(known) !== level).toSorted()
    if (namespace === ROOT_LOGGER) this.#own.clear()
    for (const known of namespace === ROOT_LOGGER ? [ROOT_LOGGER] : touched) this.#own.set(known, level)
    const now = this.#now()
    for (const known of changed) this.#modified.set(known, now)
    this.#version++
    this.#tell({ type: 'levels', levels: this.snapshot() })
    return changed
  }

  snapshot(): LevelSnapshot {
    return [...this.#own]
  }

  /** Takes over the levels of another thread. */
  restore(levels: LevelSnapshot): void {
    this.#own.clear()
    for (const [name, level] of levels) this.#own.set(name, level)
    this.#version++
  }

  /** @returns what ends the listening */
  onChange(listener: (change: LevelChange) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #leveled(name: string): LeveledName {
    return { level: this.level(name), lastModified: this.#modified.get(name) ?? null }
  }

  #tell(change: LevelChange): void {
    for (const listener of this.#listeners) listener(change)
  }
}

function canonical(name: string): string {
  return name.toLowerCase() === ROOT_LOGGER ? ROOT_LOGGER : name
}
