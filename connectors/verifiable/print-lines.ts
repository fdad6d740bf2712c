import { write } from 'node:fs'
import { promisify } from 'node:util'

const STANDARD_OUTPUT = 1

const writeDescriptor = promisify(write)

/** Writes lines to the standard output of the process, whichever thread this runs in, without anything in between. */
export async function printLines(lines: readonly string[]): Promise<void> {
  if (lines.length === 0) return
  const bytes = Buffer.from(`${lines.join('\n')}\n`)
  let written = 0
  while (written < bytes.length)
    written += (await writeDescriptor(STANDARD_OUTPUT, bytes, written, bytes.length - written)).bytesWritten
}
