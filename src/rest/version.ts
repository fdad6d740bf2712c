import { readFileSync } from 'node:fs'

/**
 * The release of Kafka Connect whose REST API this is. `GET /` says it as the version, since clients decide by it what they
 * may ask for: kcctl refuses to stop connectors or to read offsets below 3.5.
 */
export const kafkaVersion = '4.3.1'

let version: string | undefined

/** Version of this package. */
export function productVersion(): string {
  if (version === undefined) {
    const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
    version = (JSON.parse(text) as { version: string }).version
  }
  return version
}
