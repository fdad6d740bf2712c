import { type Logger, silentLogger } from '../../base/logger.ts'
import type { TopicPartition, TopicPartitionOffset } from '../../connect/index.ts'

/**
 * The offsets of a sink task: what was delivered to it, and what was committed, per assigned partition. Offsets are those
 * of the next record.
 */
export class SinkOffsets {
  readonly #current = new Map<string, TopicPartitionOffset>()
  readonly #committed = new Map<string, TopicPartitionOffset>()

  get isEmpty(): boolean {
    return this.#current.size === 0
  }

  get size(): number {
    return this.#current.size
  }

  has(partition: TopicPartition): boolean {
    return this.#current.has(keyOf(partition))
  }

  assignment(): TopicPartition[] {
    return [...this.#current.values()].map(({ topic, partition }) => ({ topic, partition }))
  }

  /** A new partition, beginning at the group's offset. */
  assign(position: TopicPartitionOffset): void {
    this.#current.set(keyOf(position), position)
    this.#committed.set(keyOf(position), position)
  }

  unassign(partition: TopicPartition): void {
    this.#current.delete(keyOf(partition))
    this.#committed.delete(keyOf(partition))
  }

  delivered(position: TopicPartitionOffset): void {
    if (this.has(position)) this.#current.set(keyOf(position), position)
  }

  /** After `context.offset`: delivery goes on from there, and a commit of it is no news. */
  rewound(position: TopicPartitionOffset): void {
    if (!this.has(position)) return
    this.#current.set(keyOf(position), position)
    this.#committed.set(keyOf(position), position)
  }

  /** Delivered up to, for all partitions or those given. */
  current(of?: readonly TopicPartition[]): TopicPartitionOffset[] {
    if (of === undefined) return [...this.#current.values()]
    return of.flatMap((partition) => this.#current.get(keyOf(partition)) ?? [])
  }

  /** Records that were delivered and are not committed, by their offsets. */
  uncommitted(): number {
    let records = 0
    for (const [key, { offset }] of this.#current) {
      records += Math.max(0, offset - (this.#committed.get(key)?.offset ?? offset))
    }
    return records
  }

  lastCommitted(): TopicPartitionOffset[] {
    return [...this.#committed.values()]
  }

  /**
   * Of the offsets that a task asks to commit, those that may be and need to be: of partitions among `requested` (what it was
   * asked about), not beyond what was delivered, and changed since the last commit. The others are named in the log.
   */
  committable(
    asked: readonly TopicPartitionOffset[],
    requested: readonly TopicPartitionOffset[] = this.current(),
    logger: Pick<Logger, 'warn' | 'debug'> = silentLogger,
  ): TopicPartitionOffset[] {
    const limits = new Map(requested.map((position) => [keyOf(position), position.offset]))
    return asked.filter((position) => {
      const key = keyOf(position)
      const limit = limits.get(key)
      if (limit === undefined) {
        if (this.has(position))
          logger.debug({ ...position }, 'Ignoring an offset of a partition that was not asked about')
        else logger.warn({ ...position }, 'Ignoring an offset of the task: the partition is not assigned')
        return false
      }
      if (position.offset > limit || position.offset < 0) {
        logger.warn({ ...position, delivered: limit }, 'Ignoring an offset of the task: it is not yet consumed')
        return false
      }
      return this.#committed.get(key)?.offset !== position.offset
    })
  }

  committed(positions: readonly TopicPartitionOffset[]): void {
    for (const position of positions) if (this.has(position)) this.#committed.set(keyOf(position), position)
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
