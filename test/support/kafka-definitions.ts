import { readFile } from 'node:fs/promises'
import { zipEntries } from './zip-entries.ts'

/** Kafka's own message definitions, as they lie in the kafka-clients jar. */

export interface KafkaField {
  readonly name: string
  readonly type: string
  readonly versions: string
  readonly nullableVersions?: string
  readonly tag?: number
  readonly taggedVersions?: string
  readonly default?: string | number | boolean | null
  readonly fields?: readonly KafkaField[]
}

export interface KafkaMessage {
  readonly apiKey?: number
  readonly type: string
  readonly name: string
  readonly listeners?: readonly string[]
  readonly validVersions: string
  readonly flexibleVersions: string
  readonly fields: readonly KafkaField[]
  readonly commonStructs?: readonly (Pick<KafkaField, 'name'> & { readonly fields: readonly KafkaField[] })[]
}

/** Reads the definitions out of the jar: by name, such as `FetchRequest`. */
export async function kafkaDefinitions(jar: string): Promise<Map<string, KafkaMessage>> {
  const entries = zipEntries(await readFile(jar), (name) => /^common\/message\/.*\.json$/.test(name))
  const definitions = new Map<string, KafkaMessage>()
  for (const content of entries.values()) {
    // Their JSON has comments, on lines of their own.
    const message = JSON.parse(content.toString().replaceAll(/^\s*\/\/.*$/gm, '')) as KafkaMessage
    definitions.set(message.name, message)
  }
  return definitions
}

/** First and last version of a range as Kafka writes it: `none`, `3`, `3-5`, `3+`. */
export function kafkaVersions(text: string | undefined): { from: number; to: number } {
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text ?? 'none')
  if (match === null) return { from: Infinity, to: -Infinity }
  const from = Number(match[1])
  return { from, to: match[2] === '+' ? Infinity : Number(match[3] ?? from) }
}
