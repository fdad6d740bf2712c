import { presentable } from '../../base/thrown.ts'

const MAX_CAUSES = 10
/** A status has to fit into a record, of which topics take a megabyte by default. */
const LONGEST_TRACE = 100_000

/**
 * The text of a failure for a status: the stack and those of its causes, as `Caused by: …` lines. `nameOf` names errors,
 * by default as they name themselves. What is longer than a status may be is cut off.
 */
export function traceOf(error: unknown, nameOf: (error: Error) => string = ({ name }) => name): string {
  const lines: string[] = []
  let current: unknown = presentable(error)
  for (let depth = 0; depth < MAX_CAUSES && current !== undefined && current !== null; depth++) {
    lines.push(`${depth === 0 ? '' : 'Caused by: '}${describe(current, nameOf)}`)
    const cause: unknown = current instanceof Error ? current.cause : undefined
    if (cause === current) break
    current = cause
  }
  const text = lines.join('\n')
  if (text.length <= LONGEST_TRACE) return text
  return `${text.slice(0, LONGEST_TRACE)}… (${text.length - LONGEST_TRACE} more characters)`
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
