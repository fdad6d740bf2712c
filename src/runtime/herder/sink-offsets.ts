import type { Logger } from '../../base/logger.ts'
import { Admin, createCluster } from '../../client/index.ts'
import type { SourceOffset, SourcePartition } from '../../connect/index.ts'
import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { BadRequestError, RuntimeError } from '../errors.ts'
import { clientOptions, clientProps } from '../tasks/client-settings.ts'
import type { WorkerConfig } from '../worker-config.ts'

/** An entry of the answer about a connector's offsets. */
export interface ConnectorOffset {
  readonly partition: SourcePartition
  readonly offset: SourceOffset | null
}

/** A sink's offset: null to delete it. */
export interface SinkOffset {
  readonly topic: string
  readonly partition: number
  readonly offset: number | null
}

/** The offsets of sinks: those of their consumer groups, on the cluster that the connector's admin settings name. */
export class SinkOffsets {
  readonly #worker: WorkerConfig
  readonly #logger: Logger

  constructor(worker: WorkerConfig, logger: Logger) {
    this.#worker = worker
    this.#logger = logger
  }

  /** @param props the connector's configuration, references resolved */
  read(connector: string, props: Readonly<Record<string, string>>): Promise<ConnectorOffset[]> {
    return this.#with(connector, props, async (admin, group) => {
      const offsets = await admin.listGroupOffsets(group)
      return offsets
        .filter(({ offset }) => offset >= 0)
        .map(({ topic, partition, offset }) => ({
          partition: { kafka_partition: partition, kafka_topic: topic },
          offset: { kafka_offset: offset },
        }))
    })
  }

  async alter(
    connector: string,
    props: Readonly<Record<string, string>>,
    offsets: readonly SinkOffset[],
  ): Promise<void> {
    await this.#with(connector, props, async (admin, group) => {
      try {
        const set = offsets.flatMap((entry) => (entry.offset === null ? [] : [{ ...entry, offset: entry.offset }]))
        if (set.length > 0) await admin.alterGroupOffsets(group, set)
        const gone = offsets.filter(({ offset }) => offset === null)
        if (gone.length > 0) {
          const results = await admin.deleteGroupOffsets(group, gone)
          const failed = results.find(({ error }) => error !== null)
          if (failed?.error) throw failed.error
        }
      } catch (error) {
        const busy: readonly number[] = [
          ErrorCode.UNKNOWN_MEMBER_ID,
          ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC,
          ErrorCode.NON_EMPTY_GROUP,
        ]
        throw failure('alter', connector, error, busy)
      }
    })
  }

  /** Deletes the whole group; one that is not there is fine. */
  async reset(connector: string, props: Readonly<Record<string, string>>): Promise<void> {
    await this.#with(connector, props, async (admin, group) => {
      const [result] = await admin.deleteGroups([group])
      const error = result?.error ?? null
      if (error === null || error.code === ErrorCode.GROUP_ID_NOT_FOUND) return
      throw failure('reset', connector, error, [ErrorCode.NON_EMPTY_GROUP])
    })
  }

  async #with<T>(
    connector: string,
    props: Readonly<Record<string, string>>,
    work: (admin: Admin, group: string) => Promise<T>,
  ): Promise<T> {
    const defaults = { 'client.id': `connector-worker-adminclient-${connector}` }
    const cluster = createCluster(clientOptions(clientProps('admin', this.#worker, props, defaults), this.#logger))
    try {
      return await work(new Admin(cluster), props['consumer.override.group.id']?.trim() ?? `connect-${connector}`)
    } finally {
      await cluster.close()
    }
  }
}

function failure(verb: 'alter' | 'reset', connector: string, cause: unknown, busy: readonly number[]): RuntimeError {
  if (!(cause instanceof ProtocolError) || !busy.includes(cause.code)) {
    const reason = cause instanceof Error ? `: ${cause.message}` : ''
    return new RuntimeError(`Failed to ${verb} consumer group offsets for connector ${connector}${reason}`, { cause })
  }
  return new RuntimeError(
    `Failed to ${verb} consumer group offsets for connector ${connector}: its consumer group still has members, ` +
      'since its tasks have not stopped completely yet or the connector was resumed meanwhile. ' +
      'If the connector is in a stopped state, this operation can be safely retried. ' +
      'If that does not help after a while, restart the workers to be rid of the zombie sink tasks.',
    { cause },
  )
}

/** Reads `{"kafka_topic", "kafka_partition"}` and `{"kafka_offset"}`. Throws {@link BadRequestError} in Kafka Connect's words. */
export function parseSinkOffsets(offsets: readonly PartitionOffset[]): SinkOffset[] {
  return offsets.map(({ partition, offset }) => {
    if (partition === null) {
      throw new BadRequestError('The partition for a sink connector offset cannot be null or missing')
    }
    if (!('kafka_topic' in partition) || !('kafka_partition' in partition)) {
      throw new BadRequestError(
        "The partition for a sink connector offset must contain the keys 'kafka_topic' and 'kafka_partition'",
      )
    }
    const { kafka_topic: topic, kafka_partition: number } = partition
    if (topic === null) throw new BadRequestError('Kafka topic names must be valid strings and may not be null')
    if (number === null) throw new BadRequestError('Kafka partitions must be valid numbers and may not be null')
    const known = { topic: textOf(topic), partition: integer(number, 'partition', 2n ** 31n) }
    if (offset === null) return { ...known, offset: null }
    if (!('kafka_offset' in offset)) {
      throw new BadRequestError(
        "The offset for a sink connector should either be null or contain the key 'kafka_offset'",
      )
    }
    return { ...known, offset: integer(offset['kafka_offset'], 'offset', 2n ** 63n) }
  })
}

/** An entry of a request to alter offsets, as it came. */
export interface PartitionOffset {
  readonly partition: Readonly<Record<string, unknown>> | null
  readonly offset: Readonly<Record<string, unknown>> | null
}

function integer(value: unknown, what: 'partition' | 'offset', limit: bigint): number {
  const text = textOf(value)
  if (/^[+-]?\d{1,19}$/.test(text)) {
    const parsed = BigInt(text)
    if (parsed >= -limit && parsed < limit) return Number(parsed)
  }
  const subject = what === 'partition' ? 'Partition' : 'Offset'
  throw new BadRequestError(
    `Failed to parse the following Kafka ${what} value in the provided offsets: '${text}'. ${subject} values for sink connectors need to be integers.`,
  )
}

function textOf(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean)
}
