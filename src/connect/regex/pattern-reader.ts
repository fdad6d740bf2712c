/** A regular expression that is faulty, or that JavaScript cannot express. */
export class UnsupportedRegexError extends SyntaxError {
  constructor(pattern: string, reason: string) {
    super(`${reason}, in ${pattern}`)
    this.name = 'UnsupportedRegexError'
  }
}

/** Walks through the characters of a pattern. */
export class PatternReader {
  readonly pattern: string
  #position = 0

  constructor(pattern: string) {
    this.pattern = pattern
  }

  get isDone(): boolean {
    return this.#position >= this.pattern.length
  }

  /** The next code point, not taken; empty at the end. */
  peek(): string {
    const code = this.pattern.codePointAt(this.#position)
    return code === undefined ? '' : String.fromCodePoint(code)
  }

  /** Takes the next code point. */
  next(): string {
    const c = this.peek()
    this.#position += c.length
    return c
  }

  /** Takes what a sticky expression matches here; null when it does not. */
  take(sticky: RegExp): string | null {
    sticky.lastIndex = this.#position
    const found = sticky.exec(this.pattern)?.[0] ?? null
    this.#position += found?.length ?? 0
    return found
  }

  /** Takes exactly this text, if it stands here. */
  takeText(text: string): boolean {
    const isHere = this.pattern.startsWith(text, this.#position)
    if (isHere) this.#position += text.length
    return isHere
  }

  /** Takes everything up to `text`, and `text`; or all the rest when it does not occur. */
  takeUntil(text: string): string {
    const at = this.pattern.indexOf(text, this.#position)
    const end = at === -1 ? this.pattern.length : at
    const found = this.pattern.slice(this.#position, end)
    this.#position = Math.min(this.pattern.length, end + text.length)
    return found
  }
}
