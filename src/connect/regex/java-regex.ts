import { translateJavaClass, translateJavaEscape } from './java-class.ts'
import { PatternReader, UnsupportedRegexError } from './pattern-reader.ts'

/**
 * Regular expressions as Java writes them, which is how users of Kafka Connect do. Everything is translated but
 * possessive quantifiers, atomic groups and flags in the middle of a group; those are refused with a message.
 */
export class JavaRegex {
  readonly pattern: string
  readonly #whole: RegExp
  readonly #first: RegExp

  /** Throws a `SyntaxError` with a readable message for a faulty or untranslatable pattern. */
  constructor(pattern: string, options: { readonly ignoreCase?: boolean } = {}) {
    this.pattern = pattern
    const source = translated(pattern)
    const flags = options.ignoreCase === true ? 'vi' : 'v'
    this.#first = new RegExp(source, flags)
    this.#whole = new RegExp(`^(?:${source})$`, flags)
  }

  /** Java's `matches`: the whole text. */
  matches(text: string): boolean {
    return this.#whole.test(text)
  }

  /** The same in JavaScript's form, matching the whole text. */
  toRegExp(): RegExp {
    return new RegExp(this.#whole)
  }

  /** Java's `find`: any part of the text. */
  finds(text: string): boolean {
    return this.#first.test(text)
  }

  /** What is wrong with a replacement for this expression, groups that it has not among it; undefined when nothing is. */
  replacementFault(replacement: string): string | undefined {
    const groups = new RegExp(`${this.#first.source}|`, 'v').exec('')
    try {
      if (groups !== null) expand(replacement, groups)
      return undefined
    } catch (error) {
      if (error instanceof RangeError) return error.message
      throw error
    }
  }

  /** Java's `replaceFirst`, with `$1`, `${name}` and backslash escapes in the replacement. */
  replaceFirst(text: string, replacement: string): string {
    const match = this.#first.exec(text)
    if (match === null) return text
    return text.slice(0, match.index) + expand(replacement, match) + text.slice(match.index + match[0].length)
  }
}

/** What is wrong with a Java regular expression, as a reason for a configuration error; undefined when nothing is. */
export function javaRegexFault(pattern: string): string | undefined {
  try {
    new JavaRegex(pattern)
    return undefined
  } catch (error) {
    if (error instanceof SyntaxError) return `Invalid regex: ${error.message}`
    throw error
  }
}

function translated(pattern: string): string {
  try {
    return translateJavaRegex(pattern)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new UnsupportedRegexError(pattern, 'classes within classes go too deep')
  }
}

const quantifier = /[*+?]|\{\d+(?:,\d*)?\}/y

function translateJavaRegex(pattern: string): string {
  const reader = new PatternReader(pattern)
  let source = ''
  /** What closes each open group: flags at its start open a second one. */
  const closers: string[] = []
  const flags = leadingFlags(reader)
  source += flags
  const closeAll = flags === '' ? '' : ')'
  while (!reader.isDone) {
    const repeated = reader.take(quantifier)
    if (repeated !== null) {
      source += repeated + (reader.takeText('?') ? '?' : '')
      if (reader.takeText('+'))
        throw new UnsupportedRegexError(pattern, 'possessive quantifiers (such as .*+) are not supported')
      continue
    }
    const c = reader.next()
    switch (c) {
      case '\\':
        source += translateJavaEscape(reader)
        break
      case '[':
        source += translateJavaClass(reader)
        break
      case '(': {
        const opening = openGroup(reader)
        const groupFlags = leadingFlags(reader)
        source += opening + groupFlags
        closers.push(groupFlags === '' ? ')' : '))')
        break
      }
      case ')': {
        const closer = closers.pop()
        if (closer === undefined) throw new UnsupportedRegexError(pattern, 'unmatched closing )')
        source += closer
        break
      }
      case ']':
      case '}':
      case '/':
        source += `\\${c}`
        break
      case '{':
        throw new UnsupportedRegexError(pattern, 'illegal repetition: { has nothing to repeat, escape it to match it')
      default:
        source += c
    }
  }
  if (closers.length > 0) throw new UnsupportedRegexError(pattern, 'unclosed group')
  return source + closeAll
}

const groupStart = /\?(?::|=|!|<=|<!|<[A-Za-z][A-Za-z0-9]*>|([a-zA-Z]*(?:-[a-zA-Z]+)?):)/y
const flagGroup = /\(\?([a-zA-Z]*(?:-[a-zA-Z]+)?)\)/y

/** The rest of a group's opening, after `(`. */
function openGroup(reader: PatternReader): string {
  const special = reader.take(groupStart)
  if (special === null) {
    if (reader.takeText('?>')) throw new UnsupportedRegexError(reader.pattern, 'atomic groups (?>…) are not supported')
    if (reader.peek() === '?')
      throw new UnsupportedRegexError(reader.pattern, 'flags are only supported at the start of a group')
    return '('
  }
  const flags = /^\?([a-zA-Z-]*):$/.exec(special)?.[1]
  return flags === undefined || flags === '' ? `(${special}` : modifierGroup(reader.pattern, flags)
}

/** Flags such as `(?i)` right at the start of the pattern or of a group: they hold until its end. */
function leadingFlags(reader: PatternReader): string {
  const found = reader.take(flagGroup)
  return found === null ? '' : modifierGroup(reader.pattern, found.slice(2, -1))
}

/** `u` and `U` change nothing here; JavaScript has `i`, `m` and `s` with the same meaning. */
function modifierGroup(pattern: string, flags: string): string {
  const known = flags.replace(/[uU]/g, '').replace(/-$/, '')
  if (!/^[ims]*(?:-[ims]+)?$/.test(known))
    throw new UnsupportedRegexError(pattern, `the flags (?${flags}) are not supported`)
  return `(?${known}:`
}

function expand(replacement: string, match: RegExpExecArray): string {
  return replacement.replace(
    /\\([\s\S]?)|\$(?:\{([^}]*)\}|(\d+))?/g,
    (whole, escaped: string | undefined, name: string | undefined, digits: string | undefined) => {
      if (escaped !== undefined) return escaped
      if (name !== undefined) {
        if (match.groups === undefined || !(name in match.groups)) throw new RangeError(`No group with name {${name}}`)
        return match.groups[name] ?? ''
      }
      if (digits === undefined) throw new RangeError(`Illegal group reference in "${replacement}": ${whole}`)
      return numberedGroup(digits, match)
    },
  )
}

/** As many digits as there are groups for; the first digit always belongs to the reference. */
function numberedGroup(digits: string, match: RegExpExecArray): string {
  let length = 1
  while (length < digits.length && Number(digits.slice(0, length + 1)) < match.length) length++
  const group = Number(digits.slice(0, length))
  if (group >= match.length) throw new RangeError(`No group ${group}`)
  return (match[group] ?? '') + digits.slice(length)
}
