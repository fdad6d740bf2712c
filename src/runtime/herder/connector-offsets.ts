import type { Logger } from '../../base/logger.ts'
import type { Properties } from '../stores/config-records.ts'
import { decodeObject, textOf } from '../stores/json-record.ts'
import type { KafkaLog, KafkaLogFactory } from '../stores/kafka-log.ts'
import type { InternalTopicConfig } from '../worker-config.ts'
import type { ConnectorOffset, ConnectorType } from './herder.ts'

/** Committed offsets of a consumer group, as sinks show them. */
export type GroupOffsets = (groupId: string) => Promise<readonly { topic: string; partition: number; offset: number }[]>

/**
 * Where connectors stand. A sink's offsets are its consumer group's; a source's are in the offsets topic, which is
 * read when someone first asks, and followed from then on: tasks read it for themselves.
 */
export class OffsetReader {
  readonly #groupOffsets: GroupOffsets
  readonly #open: () => KafkaLog
  readonly #bySource = new Map<string, Map<string, ConnectorOffset>>()
  readonly #logger: Logger
  #log: Promise<KafkaLog> | null = null

  constructor(topic: InternalTopicConfig, openLog: KafkaLogFactory, groupOffsets: GroupOffsets, logger: Logger) {
    this.#groupOffsets = groupOffsets
    this.#logger = logger
    this.#open = () => openLog(topic, 'offsets', ({ key, value }) => key !== null && this.#read(key, value))
  }

  async read(connector: string, type: ConnectorType, config: Properties): Promise<ConnectorOffset[]> {
    if (type === 'sink') {
      const offsets = await this.#groupOffsets(config['consumer.override.group.id'] ?? `connect-${connector}`)
      return offsets.map(({ topic, partition, offset }) => ({
        partition: { kafka_topic: topic, kafka_partition: partition },
        offset: { kafka_offset: offset },
      }))
    }
    const log = await this.#started()
    await log.readToEnd()
    return [...(this.#bySource.get(connector)?.values() ?? [])]
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

  #read(key: Uint8Array, value: Uint8Array | null): void {
    const text = textOf(key)
    let parsed: unknown
    try {
      parsed = JSON.parse(text)
    } catch {
      this.#logger.warn('Skipped a record of the offsets topic whose key is not JSON')
      return
    }
    const [connector, partition] = Array.isArray(parsed) ? (parsed as unknown[]) : []
    if (typeof connector !== 'string' || typeof partition !== 'object' || partition === null) return
    const offsets = this.#bySource.get(connector) ?? new Map<string, ConnectorOffset>()
    const offset = value === null ? null : decodeObject(value)
    if (offset === null) offsets.delete(text)
    else offsets.set(text, { partition: partition as Record<string, unknown>, offset })
    this.#bySource.set(connector, offsets)
  }
}
