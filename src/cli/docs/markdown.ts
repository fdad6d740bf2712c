/** A heading of the reference pages with what stands below it. */
export function section(level: number, title: string, ...parts: readonly string[]): string {
  return [`${'#'.repeat(level)} ${title}`, ...parts.filter((part) => part !== '')].join('\n\n')
}

/** A table; cells are markdown already. Empty for no rows. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), `| ${head.map(() => '---').join(' | ')} |`, ...rows.map(line)].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('\n', ' ').replaceAll(/(?<!\\)\|/g, '\\|')
}

/** Text as it is meant to be read, whatever is in it. */
export function plain(text: string): string {
  return text.replaceAll(/[<*_]/g, (c) => `\\${c}`)
}

/** Text set as code; an empty one is said so. */
export function code(text: string): string {
  return text === '' ? '(empty)' : `\`${text}\``
}

/** Where a page comes from; the first line of each. */
export const generatedNote = '<!-- Made by `npm run docs` from the declarations in the code. Do not edit. -->'

export function page(title: string, ...parts: readonly string[]): string {
  return `${generatedNote}\n\n${section(1, title, ...parts)}\n`
}
