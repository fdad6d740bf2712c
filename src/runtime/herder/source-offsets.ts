import type { Logger } from '../../base/logger.ts'
import { offsetKey, offsetValue, parseOffsetKey, parseOffsetValue } from '../tasks/offset-json.ts'
import { bytesOf, textOf } from '../stores/json-record.ts'
import type { KafkaLog, KafkaLogFactory } from '../stores/kafka-log.ts'
import type { InternalTopicConfig } from '../worker-config.ts'
import type { ConnectorOffset } from './herder.ts'

/** An offset with the text of its key as it stands in the topic: whoever changes it must use the same bytes. */
interface StoredOffset extends ConnectorOffset {
  readonly key: string
}

/**
 * A topic (or file) of source offsets: read when someone first asks, and followed from then on. Tasks read and write it for
 * themselves.
 */
export class SourceOffsets {
  readonly #open: () => KafkaLog
  readonly #logger: Logger
  readonly #byConnector = new Map<string, Map<string, StoredOffset>>()
  #log: Promise<KafkaLog> | null = null

  constructor(topic: InternalTopicConfig, openLog: KafkaLogFactory, logger: Logger) {
    this.#logger = logger
    this.#open = () => openLog(topic, 'offsets', ({ key, value }) => key !== null && this.#take(key, value))
  }

  /** Everything that is stored for a connector at the time of the call. */
  async read(connector: string): Promise<ConnectorOffset[]> {
    const log = await this.#started()
    await log.readToEnd()
    return [...(this.#byConnector.get(connector)?.values() ?? [])].map(({ partition, offset }) => ({
      partition,
      offset,
    }))
  }

  /** Stores offsets; null ones are deleted. Resolves when they are stored and {@link read} gives them. */
  async write(connector: string, offsets: readonly ConnectorOffset[]): Promise<void> {
    const log = await this.#started()
    await log.readToEnd()
    const stored = this.#byConnector.get(connector)
    const positions = await Promise.all(
      offsets.map(({ partition, offset }) => {
        const key = stored?.get(canonical(partition))?.key ?? offsetKey(connector, partition)
        return log.send(bytesOf(key), offset === null ? null : bytesOf(offsetValue(offset)))
      }),
    )
    await Promise.all(positions.map((position) => log.readPast(position)))
  }

  async stop(): Promise<void> {
    const log = await this.#log?.catch(() => null)
    await log?.stop()
  }

  #started(): Promise<KafkaLog> {
    this.#log ??= (async () => {
      const log = this.#open()
      try {
        await log.start()
        return log
      } catch (error) {
        this.#log = null
        throw error
      }
    })()
    return this.#log
  }

  #take(key: Uint8Array, value: Uint8Array | null): void {
    const text = textOf(key)
    const parsed = parseOffsetKey(text)
    if (parsed === null) {
      this.#logger.warn(
        'Skipped a record of the offsets topic whose key is not of the form ["<connector>",{<partition>}]',
      )
      return
    }
    const { connector, partition } = parsed
    const offsets = this.#byConnector.get(connector) ?? new Map<string, StoredOffset>()
    const offset = parseOffsetValue(value === null ? null : textOf(value))
    if (offset === null) offsets.delete(canonical(partition))
    else offsets.set(canonical(partition), { key: text, partition, offset })
    this.#byConnector.set(connector, offsets)
  }
}

/** The same for the same fields, in whatever order and notation they were written. */
function canonical(partition: ConnectorOffset['partition']): string {
  const fields = Object.entries(partition).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify(fields, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
}
