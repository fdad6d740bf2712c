/**
 * Reads the text of a Java `.properties` file: `#` and `!` comments, `=`, `:` or blanks as separator, backslash
 * escapes (`\t \n \f \r \uXXXX`, anything else stands for itself), and lines continued by an odd number of
 * trailing backslashes. A later key wins over an earlier one.
 */
export function parseProperties(text: string): Record<string, string> {
  const properties: Record<string, string> = {}
  for (const line of logicalLines(text)) {
    const keyEnd = endOfKey(line)
    const key = unescape(line.slice(0, keyEnd))
    const value = unescape(line.slice(startOfValue(line, keyEnd)))
    properties[key] = value
  }
  return properties
}

function logicalLines(text: string): string[] {
  const lines: string[] = []
  let pending: string | null = null
  for (const natural of text.split(/\r\n|\n|\r/)) {
    const trimmed = natural.replace(/^[ \t\f]+/, '')
    if (pending === null && (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith('!'))) continue
    const line: string = (pending ?? '') + trimmed
    const trailing = /\\+$/.exec(trimmed)?.[0].length ?? 0
    if (trailing % 2 === 1) {
      pending = line.slice(0, -1)
    } else {
      lines.push(line)
      pending = null
    }
  }
  if (pending !== null && pending !== '') lines.push(pending)
  return lines
}

function endOfKey(line: string): number {
  for (let i = 0; i < line.length; i++) {
    const c = line[i]
    if (c === '\\') i++
    else if (c === '=' || c === ':' || c === ' ' || c === '\t' || c === '\f') return i
  }
  return line.length
}

function startOfValue(line: string, keyEnd: number): number {
  const separator = /^[ \t\f]*[=:]?[ \t\f]*/.exec(line.slice(keyEnd))
  return keyEnd + (separator?.[0].length ?? 0)
}

const escapes: Record<string, string> = { t: '\t', n: '\n', f: '\f', r: '\r' }

function unescape(text: string): string {
  return text.replace(
    /\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g,
    (_match, unicode: string | undefined, single: string | undefined) =>
      unicode === undefined
        ? (escapes[single ?? ''] ?? single ?? '')
        : String.fromCharCode(Number.parseInt(unicode, 16)),
  )
}
