import { ConfigError } from 'millrace/connect'
import type { Random } from './random.ts'

/** How often `*`, `+` and `{n,}` repeat beyond their least. */
const MOST_REPEATS = 10

const digits = '0123456789'
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const printable = Array.from({ length: 95 }, (_char, i) => String.fromCharCode(32 + i)).join('')
const classes: Readonly<Record<string, string>> = { d: digits, w: `${letters}${digits}_`, s: ' ' }

type Maker = (random: Random) => string

/**
 * Makes texts that match a regular expression: characters, `.`, classes with ranges and `^`, `\d \w \s`, groups, `|`,
 * and `? * + {n} {n,} {n,m}`. Characters not named come from printable ASCII. Throws a `ConfigError` for anything else.
 */
export function textMaker(regex: string): Maker {
  const reader = new RegexReader(regex)
  const maker = reader.alternatives()
  if (!reader.isAtEnd) reader.fail('has a ) without a (')
  return maker
}

class RegexReader {
  readonly #regex: string
  #position = 0

  constructor(regex: string) {
    this.#regex = regex
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#regex.length
  }

  fail(what: string): never {
    throw new ConfigError(`The regex ${this.#regex} ${what}`)
  }

  alternatives(): Maker {
    const makers = [this.#sequence()]
    while (this.#accept('|')) makers.push(this.#sequence())
    return makers.length === 1 ? (makers[0] as Maker) : (random) => random.pick(makers)(random)
  }

  #sequence(): Maker {
    const makers: Maker[] = []
    while (!this.isAtEnd && !'|)'.includes(this.#peek())) makers.push(this.#repeated(this.#atom()))
    return (random) => makers.map((maker) => maker(random)).join('')
  }

  #atom(): Maker {
    const char = this.#take()
    if (char === '(') {
      this.#accept('?:')
      if (this.#peek() === '?') this.fail('has a group of a kind that texts cannot be made of')
      const maker = this.alternatives()
      if (!this.#accept(')')) this.fail('has a ( without a )')
      return maker
    }
    if ('^$'.includes(char)) return () => ''
    if ('?*+{'.includes(char)) this.fail(`has a ${char} with nothing to repeat before it`)
    const chars = char === '[' ? this.#class() : char === '.' ? printable : char === '\\' ? this.#escape() : char
    return (random) => chars.charAt(random.integer(0, chars.length))
  }

  #escape(): string {
    const char = this.#take()
    const known = classes[char]
    if (known !== undefined) return known
    if (/[A-Za-z0-9]/.test(char)) this.fail(`has \\${char}, which texts cannot be made of`)
    return char
  }

  #class(): string {
    const isNegated = this.#accept('^')
    let chars = ''
    while (this.#peek() !== ']' || chars === '') {
      const first = this.#classChar()
      if (this.#peek() !== '-' || this.#regex[this.#position + 1] === ']' || first.length > 1) {
        chars += first
        continue
      }
      this.#take()
      const [from, to] = [first.charCodeAt(0), this.#classChar().charCodeAt(0)]
      if (from > to) this.fail('has a range from a greater to a lesser character')
      for (let code = from; code <= to; code++) chars += String.fromCharCode(code)
    }
    this.#take()
    if (!isNegated) return chars
    const others = Array.from(printable)
      .filter((char) => !chars.includes(char))
      .join('')
    return others === '' ? this.fail('has a class that leaves no printable character') : others
  }

  #classChar(): string {
    const char = this.#take()
    return char === '\\' ? this.#escape() : char
  }

  #repeated(maker: Maker): Maker {
    const [min, max] = this.#bounds()
    if (min === 1 && max === 1) return maker
    return (random) => Array.from({ length: random.integer(min, max + 1) }, () => maker(random)).join('')
  }

  #bounds(): [number, number] {
    if (this.#accept('?')) return [0, 1]
    if (this.#accept('*')) return [0, MOST_REPEATS]
    if (this.#accept('+')) return [1, 1 + MOST_REPEATS]
    if (this.#peek() !== '{') return [1, 1]
    const found = /^\{(\d+)(,?)(\d*)\}/.exec(this.#regex.slice(this.#position))
    if (found === null) return this.fail('has a { that is no count')
    this.#position += found[0].length
    const min = Number(found[1])
    const max = found[2] === '' ? min : found[3] === '' ? min + MOST_REPEATS : Number(found[3])
    return max < min ? this.fail(`has the count ${found[0]}, which is none`) : [min, max]
  }

  #peek(): string {
    return this.#regex[this.#position] ?? ''
  }

  #take(): string {
    return this.isAtEnd ? this.fail('ends too early') : (this.#regex[this.#position++] as string)
  }

  #accept(text: string): boolean {
    if (!this.#regex.startsWith(text, this.#position)) return false
    this.#position += text.length
    return true
  }
}
