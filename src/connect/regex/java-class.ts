import { type PatternReader, UnsupportedRegexError } from './pattern-reader.ts'

/** Members of Java's predefined classes, as they stand inside brackets (JavaScript's `v` mode). */
const predefined: Readonly<Record<string, string>> = {
  d: '0-9',
  w: 'a-zA-Z_0-9',
  s: ' \\t\\n\\x0B\\f\\r',
  h: ' \\t\\xA0\\u1680\\u180e\\u2000-\\u200a\\u202f\\u205f\\u3000',
  v: '\\n\\x0B\\f\\r\\x85\\u2028\\u2029',
}

const posix: Readonly<Record<string, string>> = {
  Lower: 'a-z',
  Upper: 'A-Z',
  ASCII: '\\x00-\\x7F',
  Alpha: 'a-zA-Z',
  Digit: '0-9',
  Alnum: 'a-zA-Z0-9',
  Punct: '!-\\/:-@\\[-`\\{-~',
  Graph: '!-~',
  Print: ' -~',
  Blank: ' \\t',
  Cntrl: '\\x00-\\x1F\\x7F',
  XDigit: '0-9a-fA-F',
  Space: ' \\t\\n\\x0B\\f\\r',
  javaLowerCase: '\\p{Lowercase}',
  javaUpperCase: '\\p{Uppercase}',
  javaWhitespace: '\\s',
  L1: '\\x00-\\xFF',
}

const anchors: Readonly<Record<string, string>> = {
  b: '\\b',
  B: '\\B',
  A: '(?-m:^)',
  z: '(?-m:$)',
  Z: '(?-m:(?=\\n?$))',
  R: '(?:\\r\\n|[\\n\\x0B\\f\\r\\x85\\u2028\\u2029])',
}

const property = /([pP])(?:\{([^}]*)\}|([A-Za-z]))/y
const hexadecimal = /x\{([0-9a-fA-F]+)\}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}/y
const octal = /0[0-3]?[0-7]{1,2}/y
const control = /c[A-Za-z]/y
const backReference = /[1-9]|k<[A-Za-z][A-Za-z0-9]*>/y

/** What follows a backslash outside brackets. */
export function translateJavaEscape(reader: PatternReader): string {
  if (reader.takeText('Q')) return Array.from(quotedCharacters(reader), escapeOutside).join('')
  const reference = reader.take(backReference)
  if (reference !== null) return `\\${reference}`
  const anchor = anchors[reader.peek()]
  if (anchor !== undefined) {
    reader.next()
    return anchor
  }
  const members = classEscape(reader)
  return members === null ? escapeOutside(characterEscape(reader)) : members
}

/** The rest of a bracketed class, after its `[`, nested classes and intersections included. */
export function translateJavaClass(reader: PatternReader): string {
  const isNegated = reader.takeText('^')
  const operands: string[] = []
  let members = ''
  let isFirst = true
  for (;;) {
    if (reader.isDone) throw new UnsupportedRegexError(reader.pattern, 'unclosed character class')
    if (!isFirst && reader.takeText(']')) break
    if (reader.takeText('&&')) {
      operands.push(members)
      members = ''
    } else members += classMember(reader)
    isFirst = false
  }
  operands.push(members)
  const negation = isNegated ? '^' : ''
  const filled = operands.filter((operand) => operand !== '')
  if (filled.length < 2) return `[${negation}${filled[0] ?? ''}]`
  return `[${negation}${filled.map((operand) => `[${operand}]`).join('&&')}]`
}

function classMember(reader: PatternReader): string {
  if (reader.takeText('[')) return translateJavaClass(reader)
  if (reader.takeText('\\Q')) return Array.from(quotedCharacters(reader), escapeInside).join('')
  const start = classCharacter(reader)
  if (start.isSet) return start.text
  const isRange = reader.peek() === '-' && reader.take(/-(?![[\]])/y) !== null
  if (!isRange) return start.text
  const end = classCharacter(reader)
  return end.isSet ? `${start.text}\\-${end.text}` : `${start.text}-${end.text}`
}

function classCharacter(reader: PatternReader): { text: string; isSet: boolean } {
  const c = reader.next()
  if (c !== '\\') return { text: escapeInside(c), isSet: false }
  const members = classEscape(reader)
  return members === null
    ? { text: escapeInside(characterEscape(reader)), isSet: false }
    : { text: members, isSet: true }
}

/** A class such as `\d` or `\p{L}` in brackets of its own, or null when no class follows. */
function classEscape(reader: PatternReader): string | null {
  const named = reader.take(property)
  if (named !== null) return propertyClass(reader.pattern, named)
  const c = reader.peek()
  const members = predefined[c.toLowerCase()]
  if (members === undefined) return null
  reader.next()
  return c === c.toLowerCase() ? `[${members}]` : `[^${members}]`
}

function propertyClass(pattern: string, text: string): string {
  const name = text.length === 2 ? text.slice(1) : text.slice(2, -1)
  const negation = text.startsWith('P') ? '^' : ''
  const members = Object.hasOwn(posix, name) ? posix[name] : undefined
  if (members !== undefined) return `[${negation}${members}]`
  for (const candidate of [name, name.replace(/^Is/, ''), `Script=${name.replace(/^Is/, '')}`]) {
    const source = `[${negation}\\p{${candidate}}]`
    if (isValid(source)) return source
  }
  throw new UnsupportedRegexError(pattern, `the character property \\p{${name}} is not supported`)
}

function isValid(source: string): boolean {
  try {
    new RegExp(source, 'v')
    return true
  } catch {
    return false
  }
}

const namedCharacters: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f', a: '\x07', e: '\x1b' }

/** The character that an escape stands for. */
function characterEscape(reader: PatternReader): string {
  const hex = reader.take(hexadecimal)
  if (hex !== null) return fromCode(reader.pattern, Number.parseInt(hex.replace(/[^0-9a-fA-F]/g, ''), 16))
  const digits = reader.take(octal)
  if (digits !== null) return String.fromCodePoint(Number.parseInt(digits, 8))
  const letter = reader.take(control)
  if (letter !== null) return String.fromCodePoint(letter.charCodeAt(1) ^ 64)
  const c = reader.next()
  if (c === '') throw new UnsupportedRegexError(reader.pattern, 'a backslash at the end')
  const named = namedCharacters[c]
  if (named !== undefined) return named
  if (/[A-Za-z0-9]/.test(c))
    throw new UnsupportedRegexError(reader.pattern, `illegal or unsupported escape sequence \\${c}`)
  return c
}

function fromCode(pattern: string, code: number): string {
  if (code > 0x10ffff) throw new UnsupportedRegexError(pattern, 'a hexadecimal code beyond the last character')
  return String.fromCodePoint(code)
}

function quotedCharacters(reader: PatternReader): string {
  return reader.takeUntil('\\E')
}

function escapeOutside(c: string): string {
  return /^[\^$\\.*+?()[\]{}|/]$/.test(c) ? `\\${c}` : visible(c)
}

/** In `v` mode all of these have, or may have, a meaning inside brackets. */
function escapeInside(c: string): string {
  return /^[\^\\()[\]{}|/\-&!#%,:;<=>@`~]$/.test(c) ? `\\${c}` : visible(c)
}

/** Control characters as escapes, so that a translated pattern can be printed. */
function visible(c: string): string {
  return c < ' ' ? `\\u{${c.charCodeAt(0).toString(16)}}` : c
}
