import type { Readable, Writable } from 'node:stream'
import { withoutSecrets } from '../../base/secrets.ts'

/** A line that is longer is passed on in parts. */
const LONGEST_LINE = 1 << 16

/** Passes on what plugins print themselves, by `console.log` and the like, line by line and without secrets. */
export function passOn(from: Readable, to: Writable): void {
  let rest = ''
  from.setEncoding('utf8')
  from.on('data', (chunk: string) => {
    const end = chunk.lastIndexOf('\n') + 1
    if (end > 0) to.write(withoutSecrets(rest + chunk.slice(0, end)))
    rest = end > 0 ? chunk.slice(end) : rest + chunk
    if (rest.length < LONGEST_LINE) return
    to.write(withoutSecrets(rest))
    rest = ''
  })
  from.on('end', () => {
    if (rest !== '') to.write(withoutSecrets(rest))
  })
}
