/**
 * Where a secret is looked for: `anywhere`, also within words; `word`, not within longer words and numbers; `quoted`, only as
 * a whole value behind a quotation mark or `=`, for texts so short that they occur everywhere.
 */
export type Reach = 'anywhere' | 'word' | 'quoted'

/** A text that must not be shown. */
export interface Secret {
  readonly text: string
  readonly reach: Reach
}

export const HIDDEN = '[hidden]'

/** Needles are found by a hash of this many characters; shorter ones by a pattern. */
const HEAD = 4
const FILTER_SIZE = 1 << 16
/** JSON within JSON within JSON is still looked through. */
const MOST_ESCAPES = 3
/** Lines of a secret of several lines (a private key) count by themselves from this length on. */
const SHORTEST_LINE = 16
/** A longer secret is looked for in pieces, which are not looked for in other encodings. */
const LONGEST_PIECE = 4096
/** Shorter texts in base64 would be hidden in other texts by accident. */
const SHORTEST_FOR_BASE64 = 8

/** Needles whose first characters have the same hash: by length, longest first. */
interface Bucket {
  readonly lengths: number[]
  readonly byLength: Map<number, Map<string, NeedleUses>>
}

/** How many secrets have this form, by their reach. */
interface NeedleUses {
  anywhere: number
  word: number
}

/**
 * Hides many texts in one pass: a table of hashes of their first characters is looked at for each position, so that a line
 * costs the same for one secret and for thousands. Secrets are found as they are, as JSON within JSON, encoded for URLs and
 * as base64.
 */
export class SecretMatcher {
  readonly #buckets = new Map<number, Bucket>()
  readonly #filter = new Uint8Array(FILTER_SIZE)
  /** Form → number of secrets that have it. */
  readonly #short = new Map<string, number>()
  #shortPattern: RegExp | null = null

  constructor(secrets: Iterable<Secret> = []) {
    for (const secret of secrets) this.add(secret)
  }

  add({ text, reach }: Secret): void {
    for (const form of formsOf(text, reach)) {
      if (form.length < HEAD || reach === 'quoted') this.#countShort(form, 1)
      else this.#count(form, reach, 1)
    }
  }

  /** Takes back what {@link add} was called with. */
  delete({ text, reach }: Secret): void {
    for (const form of formsOf(text, reach)) {
      if (form.length < HEAD || reach === 'quoted') this.#countShort(form, -1)
      else this.#count(form, reach, -1)
    }
  }

  /** The text with `[hidden]` in place of every secret; those that overlap are hidden together. */
  hide(text: string): string {
    const shown = this.#hideLong(text)
    if (this.#short.size === 0) return shown
    this.#shortPattern ??= shortPattern([...this.#short.keys()])
    return shown.replace(this.#shortPattern, HIDDEN)
  }

  #countShort(form: string, change: 1 | -1): void {
    const count = (this.#short.get(form) ?? 0) + change
    if (count > 0) this.#short.set(form, count)
    else this.#short.delete(form)
    this.#shortPattern = null
  }

  #count(form: string, reach: 'anywhere' | 'word', change: 1 | -1): void {
    const hash = hashAt(form, 0)
    const bucket = this.#buckets.get(hash) ?? { lengths: [], byLength: new Map<number, Map<string, NeedleUses>>() }
    const forms = bucket.byLength.get(form.length) ?? new Map<string, NeedleUses>()
    const uses = forms.get(form) ?? { anywhere: 0, word: 0 }
    uses[reach] += change
    if (uses.anywhere + uses.word > 0) forms.set(form, uses)
    else forms.delete(form)
    if (forms.size > 0) bucket.byLength.set(form.length, forms)
    else bucket.byLength.delete(form.length)
    bucket.lengths.splice(0, Infinity, ...[...bucket.byLength.keys()].toSorted((a, b) => b - a))
    if (bucket.lengths.length > 0) this.#buckets.set(hash, bucket)
    else this.#buckets.delete(hash)
    this.#filter[hash] = bucket.lengths.length > 0 ? 1 : 0
  }

  #hideLong(text: string): string {
    if (this.#buckets.size === 0) return text
    let shown = ''
    let copied = 0
    let [start, end] = [-1, -1]
    for (let at = 0; at <= text.length - HEAD; at++) {
      const hash = hashAt(text, at)
      if (this.#filter[hash] === 0) continue
      const length = this.#lengthAt(text, at, hash)
      if (length === 0) continue
      if (start !== -1 && at >= end) {
        shown += text.slice(copied, start) + HIDDEN
        copied = end
        start = -1
      }
      if (start === -1) start = at
      end = Math.max(end, at + length)
    }
    if (start === -1) return text
    return shown + text.slice(copied, start) + HIDDEN + text.slice(end)
  }

  /** Length of the longest needle that stands there, 0 for none. */
  #lengthAt(text: string, at: number, hash: number): number {
    const bucket = this.#buckets.get(hash)
    const fits = (length: number): boolean => {
      const uses = bucket?.byLength.get(length)?.get(text.slice(at, at + length))
      return uses !== undefined && (uses.anywhere > 0 || isWord(text, at, length))
    }
    return bucket?.lengths.find(fits) ?? 0
  }
}

function hashAt(text: string, at: number): number {
  const head = text.charCodeAt(at) * 31 + text.charCodeAt(at + 1)
  return ((head * 31 + text.charCodeAt(at + 2)) * 31 + text.charCodeAt(at + 3)) & (FILTER_SIZE - 1)
}

const wordSign = /[\p{L}\p{N}_]/u

function isWord(text: string, at: number, length: number): boolean {
  return !wordSign.test(text.charAt(at - 1)) && !wordSign.test(text.charAt(at + length))
}

/** Behind a quotation mark or `=`, up to the next quotation mark, comma, bracket, space or the end. */
function shortPattern(texts: readonly string[]): RegExp {
  const any = texts.map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|')
  return new RegExp(`(?<=["'=])(?:${any})(?=["'\\\\,;&}\\])\\s]|$)`, 'g')
}

/** As it may stand in a text. */
function formsOf(secret: string, reach: Reach): Set<string> {
  if (secret.length > LONGEST_PIECE) return formsOfPieces(secret)
  const forms = new Set([secret])
  const lines = secret.split(/\r?\n|\\n/)
  if (lines.length > 1) for (const line of lines) if (line.trim().length >= SHORTEST_LINE) forms.add(line.trim())
  let escaped = secret
  for (let i = 0; i < MOST_ESCAPES; i++) {
    escaped = JSON.stringify(escaped).slice(1, -1)
    forms.add(escaped)
  }
  if (reach !== 'anywhere') return forms
  const encoded = encodedForUrl(secret)
  forms.add(encoded).add(encoded.replaceAll('%20', '+'))
  if (secret.length >= SHORTEST_FOR_BASE64) {
    const bytes = Buffer.from(secret)
    for (const encoding of ['base64', 'base64url'] as const)
      forms.add(bytes.toString(encoding)).add(bytes.toString(encoding).replace(/=+$/, ''))
  }
  return forms
}

function formsOfPieces(secret: string): Set<string> {
  const forms = new Set<string>()
  for (let at = 0; at < secret.length; at += LONGEST_PIECE) {
    const piece = secret.slice(at, at + LONGEST_PIECE)
    if (piece.length >= HEAD) forms.add(piece).add(JSON.stringify(piece).slice(1, -1))
  }
  return forms
}

/** A lone surrogate has no such form. */
function encodedForUrl(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : text
}
