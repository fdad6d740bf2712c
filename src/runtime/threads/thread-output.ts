import type { Readable } from 'node:stream'
import { withoutSecrets } from '../../base/secrets.ts'
import type { StandardStream } from '../../base/standard-stream.ts'

/** A line that is longer is passed on in parts. */
const LONGEST_LINE = 1 << 16

/** Passes on what plugins print themselves, by `console.log` and the like, line by line and without secrets. */
export async function passOn(from: Readable, to: StandardStream): Promise<void> {
  let rest = ''
  from.setEncoding('utf8')
  for await (const chunk of from as AsyncIterable<string>) {
    const end = chunk.lastIndexOf('\n') + 1
    if (end > 0) await to.print(withoutSecrets(rest + chunk.slice(0, end)))
    rest = end > 0 ? chunk.slice(end) : rest + chunk
    if (rest.length < LONGEST_LINE) continue
    await to.print(withoutSecrets(rest))
    rest = ''
  }
  if (rest !== '') await to.print(withoutSecrets(rest))
}
