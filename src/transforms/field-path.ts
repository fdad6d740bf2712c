import { ConfigError } from '../connect/index.ts'

/**
 * The names on the way to a field. Syntax `V1`: the text is the name of a field at the top. `V2` (KIP-821): names are
 * separated by dots; a name with dots stands in backticks, and a backslash before a backtick that would end or begin
 * such a name makes it a character.
 */
export function parseFieldPath(text: string, syntax: 'V1' | 'V2'): readonly string[] {
  if (syntax === 'V1' || text === '') return [text]
  const names: string[] = []
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
  return { name: text.slice(start, end).replace(/^\\`/, '`'), end }
}

/** The closing backtick is the first unescaped one before a dot or the end; others are part of the name. */
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
  throw new ConfigError(`Incomplete backtick pair in path: [${text}], starting at position ${start - 1}`, {
    errors: { field: [`Incomplete backtick pair in path: [${text}], starting at position ${start - 1}`] },
  })
}
