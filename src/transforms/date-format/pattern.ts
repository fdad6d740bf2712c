/** A part of a date pattern: text as it stands, or so many of a letter. */
export type PatternElement = { readonly text: string } | { readonly letter: PatternLetter; readonly count: number }

const letters = 'GyYMLwWDdFEuaHkKhmsSzZX'

/** The letters that `java.text.SimpleDateFormat` knows. */
export type PatternLetter =
  | 'G'
  | 'y'
  | 'Y'
  | 'M'
  | 'L'
  | 'w'
  | 'W'
  | 'D'
  | 'd'
  | 'F'
  | 'E'
  | 'u'
  | 'a'
  | 'H'
  | 'k'
  | 'K'
  | 'h'
  | 'm'
  | 's'
  | 'S'
  | 'z'
  | 'Z'
  | 'X' // prettier-ignore

/**
 * The elements of a pattern of `java.text.SimpleDateFormat`. Text with letters stands in single quotes, two quotes are
 * one. Throws a `SyntaxError` for a letter that means nothing, an open quote and more than three `X`.
 */
export function parseDatePattern(pattern: string): PatternElement[] {
  const elements: PatternElement[] = []
  let text = ''
  const flush = (): void => {
    if (text !== '') elements.push({ text })
    text = ''
  }
  let position = 0
  while (position < pattern.length) {
    const c = pattern.charAt(position)
    if (c === "'") {
      const literal = quoted(pattern, position)
      text += literal.text
      position = literal.end
    } else if (/[A-Za-z]/.test(c)) {
      flush()
      const end = endOfRun(pattern, position)
      elements.push({ letter: knownLetter(c, end - position), count: end - position })
      position = end
    } else {
      text += c
      position++
    }
  }
  flush()
  return elements
}

function endOfRun(pattern: string, start: number): number {
  let end = start + 1
  while (pattern[end] === pattern[start]) end++
  return end
}

/** The literal text that begins with the quote at `start`. */
function quoted(pattern: string, start: number): { text: string; end: number } {
  if (pattern[start + 1] === "'") return { text: "'", end: start + 2 }
  let text = ''
  for (let i = start + 1; i < pattern.length; i++) {
    if (pattern[i] !== "'") text += pattern[i]
    else if (pattern[i + 1] === "'") text += pattern[i++]
    else return { text, end: i + 1 }
  }
  throw new SyntaxError('Unterminated quote')
}

function knownLetter(letter: string, count: number): PatternLetter {
  if (!letters.includes(letter)) throw new SyntaxError(`Illegal pattern character '${letter}'`)
  if (letter === 'X' && count > 3) throw new SyntaxError(`Invalid ISO 8601 format: ${'X'.repeat(count)}`)
  return letter as PatternLetter
}
