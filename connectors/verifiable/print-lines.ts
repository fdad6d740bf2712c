import type { StandardOutput } from 'millrace/connect'

/** Prints lines, as far as somebody takes them. */
export async function printLines(output: StandardOutput, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await output.write(Buffer.from(`${lines.join('\n')}\n`))
}
