import { settingError } from './settings.ts'

/**
 * The names on the way to a field. Syntax `V1`: the text is the name of a field at the top. `V2` (KIP-821): names are
 * separated by dots, and one with dots stands in backticks. Such a name ends at a backtick before a dot or the end of
 * the text; a backslash before one that stands before a dot makes it part of the name, as all others are. An empty text
 * names nothing. Throws `ConfigError`.
 */
export function parseFieldPath(text: string, syntax: 'V1' | 'V2'): readonly string[] {
  if (syntax === 'V1') return [text]
  const names: string[] = []
  if (text === '') return names
  let position = 0
  while (position <= text.length) {
    const { name, end } = text[position] === '`' ? quotedName(text, position + 1) : plainName(text, position)
    names.push(name)
    position = end + 1
  }
  return names
}

function plainName(text: string, start: number): { name: string; end: number } {
  const dot = text.indexOf('.', start)
  const end = dot === -1 ? text.length : dot
  return { name: text.slice(start, end), end }
}

function quotedName(text: string, start: number): { name: string; end: number } {
  let name = ''
  for (let i = start; i < text.length; i++) {
    const c = text.charAt(i)
    const endsName = i + 1 === text.length || text[i + 1] === '.'
    if (c === '`' && endsName) return { name, end: i + 1 }
    const isEscape = c === '\\' && text[i + 1] === '`' && (i + 2 === text.length || text[i + 2] === '.')
    if (isEscape) i++
    name += isEscape ? '`' : c
  }
  throw settingError(
    'field',
    `Incomplete backtick pair in path: [${text}], consider adding a backslash before backtick at position ${start - 1} to escape it`,
  )
}
