import { HIDDEN, type Secret, SecretMatcher } from './secret-matcher.ts'

/** The least used are forgotten beyond this many: configurations change for as long as a worker runs. */
const MOST_SECRETS = { count: 20_000, characters: 8_000_000 }
/** Of those that only a request brought: nobody can push out others with made-up ones. */
const MOST_PASSING = { count: 1_000, characters: 500_000 }

/** A secret, and whether only a request brought it: then others of that kind may push it out. */
export interface HiddenSecret extends Secret {
  readonly isPassing: boolean
}

/** In the order of their last use, counted in additions. */
class Shelf {
  readonly #most: typeof MOST_SECRETS
  readonly #secrets = new Map<string, { readonly secret: HiddenSecret; used: number }>()
  readonly #matcher: SecretMatcher
  #uses = 0
  #characters = 0

  constructor(most: typeof MOST_SECRETS, matcher: SecretMatcher) {
    this.#most = most
    this.#matcher = matcher
  }

  has({ text, reach }: Secret): boolean {
    return this.#secrets.has(`${reach} ${text}`)
  }

  /** False when it is there and was used not long ago, or is too long for the place there is. */
  put(secret: HiddenSecret): boolean {
    const key = `${secret.reach} ${secret.text}`
    const known = this.#secrets.get(key)
    if (known !== undefined && this.#uses - known.used < this.#most.count / 2) return false
    if (secret.text.length > this.#most.characters / 2) return false
    this.#secrets.delete(key)
    this.#secrets.set(key, { secret, used: ++this.#uses })
    if (known === undefined) this.#add(secret)
    for (const [oldest, { secret: forgotten }] of this.#secrets) {
      if (this.#secrets.size <= this.#most.count && this.#characters <= this.#most.characters) break
      this.#secrets.delete(oldest)
      this.#matcher.delete(forgotten)
      this.#characters -= forgotten.text.length
    }
    return true
  }

  #add(secret: HiddenSecret): void {
    this.#matcher.add(secret)
    this.#characters += secret.text.length
  }

  all(): HiddenSecret[] {
    return [...this.#secrets.values()].map(({ secret }) => secret)
  }
}

// Of this thread: each has a logger of its own, and is told what to hide by the one that started it.
const listeners = new Set<(values: readonly HiddenSecret[]) => void>()
const kept = new SecretMatcher()
const passing = new SecretMatcher()
const keptShelf = new Shelf(MOST_SECRETS, kept)
const passingShelf = new Shelf(MOST_PASSING, passing)

/**
 * From now on, no log line, error answer or dead letter of this thread, and of those that listen, shows these values. A text
 * alone is hidden anywhere and kept.
 */
export function hideInLogs(values: readonly (string | Secret | HiddenSecret)[]): void {
  const added: HiddenSecret[] = []
  for (const value of values) {
    const secret = {
      reach: 'anywhere',
      isPassing: false,
      ...(typeof value === 'string' ? { text: value } : value),
    } as const
    if (secret.text === '' || (secret.isPassing && keptShelf.has(secret))) continue
    if ((secret.isPassing ? passingShelf : keptShelf).put(secret)) added.push(secret)
  }
  if (added.length > 0) for (const listener of listeners) listener(added)
}

/** What is hidden so far, for a thread that is about to start. */
export function hiddenInLogs(): HiddenSecret[] {
  return [...passingShelf.all(), ...keptShelf.all()]
}

/** Calls `listener` with what is to be hidden too. @returns what ends that */
export function onHiddenInLogs(listener: (values: readonly HiddenSecret[]) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** A text with `[hidden]` in place of every secret, also of those that stand in it as JSON within JSON. */
export function withoutSecrets(text: string): string {
  return passing.hide(kept.hide(text))
}

/** Shorter secrets are known by the marks around them. */
const SHORT = 4
/** What the worker itself says of every event: never hidden, since reading the log needs it. */
const ownFields = new Set(['level', 'time', 'part', 'thread', 'logger', 'connector', 'task'])

/** The same for a log line, one JSON object, which it stays: only texts within it change. */
export function lineWithoutSecrets(line: string): string {
  const shown = withoutSecrets(line)
  if (shown === line) return line
  let event: unknown
  try {
    event = JSON.parse(line)
  } catch {
    return shown
  }
  const fields = Object.entries(event as Record<string, unknown>).map(([name, value]) => {
    const isOwn = ownFields.has(name) || typeof value === 'number'
    return [name, isOwn ? value : hiddenWithin(value)]
  })
  return `${JSON.stringify(Object.fromEntries(fields))}\n`
}

function hiddenWithin(value: unknown): unknown {
  // Quoted as in the line: so a short secret, or a PIN that is a number among an error's details, is known.
  if (typeof value === 'number' || (typeof value === 'string' && value.length < SHORT))
    return withoutSecrets(`"${value}"`) === `"${HIDDEN}"` ? HIDDEN : value
  if (typeof value === 'string') return withoutSecrets(value)
  if (Array.isArray(value)) return value.map(hiddenWithin)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [withoutSecrets(name), hiddenWithin(inner)]))
}
