const MAX_CAUSES = 10

/**
 * The text of a failure for a status: the stack and those of its causes, as `Caused by: …` lines. `nameOf` names errors,
 * by default as they name themselves.
 */
export function traceOf(error: unknown, nameOf: (error: Error) => string = ({ name }) => name): string {
  const lines: string[] = []
  let current: unknown = error
  for (let depth = 0; depth < MAX_CAUSES && current !== undefined && current !== null; depth++) {
    lines.push(`${depth === 0 ? '' : 'Caused by: '}${describe(current, nameOf)}`)
    const cause: unknown = current instanceof Error ? current.cause : undefined
    if (cause === current) break
    current = cause
  }
  return lines.join('\n')
}

function describe(error: unknown, nameOf: (error: Error) => string): string {
  if (!(error instanceof Error)) return String(error)
  const heading = error.message === '' ? nameOf(error) : `${nameOf(error)}: ${error.message}`
  const stack = error.stack ?? ''
  const frames = stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => `\t${line.trim()}`)
  // The worker's own inner frames of Node say nothing to a reader.
  const useful = frames.filter((line) => !line.includes('node:internal'))
  return [heading, ...useful].join('\n')
}
