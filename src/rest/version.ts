import { readFileSync } from 'node:fs'

let version: string | undefined

/** Version of this package. */
export function productVersion(): string {
  if (version === undefined) {
    const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
    version = (JSON.parse(text) as { version: string }).version
  }
  return version
}
