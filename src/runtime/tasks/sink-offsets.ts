import { type Logger, silentLogger } from '../../base/logger.ts'
import type { TopicPartition, TopicPartitionOffset } from '../../connect/index.ts'

/**
 * The offsets of a sink task: what was delivered to it, and what was committed, per assigned partition. Offsets are those
 * of the next record.
 */
export class SinkOffsets {
  readonly #current = new Map<string, TopicPartitionOffset>()
  /** What the group has. */
  readonly #committed = new Map<string, TopicPartitionOffset>()
  /** What the group has. */
  inGroup(): TopicPartitionOffset[] {
    return [...this.#committed.values()]
  }

  /** Where delivery begins again when a commit cannot be prepared: the last commit, or a later rewind. */
  readonly #base = new Map<string, TopicPartitionOffset>()

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
    this.#base.set(keyOf(position), position)
  }

  unassign(partition: TopicPartition): void {
    this.#current.delete(keyOf(partition))
    this.#committed.delete(keyOf(partition))
    this.#base.delete(keyOf(partition))
  }

  delivered(position: TopicPartitionOffset): void {
    if (this.has(position)) this.#current.set(keyOf(position), position)
  }

  /** After `context.offset`: delivery goes on from there. The group is not told to go back, only to go on. */
  rewound(position: TopicPartitionOffset): void {
    if (!this.has(position)) return
    this.#current.set(keyOf(position), position)
    this.#base.set(keyOf(position), position)
  }

  /** Delivered up to, for all partitions or those given. */
  current(of?: readonly TopicPartition[]): TopicPartitionOffset[] {
    if (of === undefined) return [...this.#current.values()]
    return of.flatMap((partition) => this.#current.get(keyOf(partition)) ?? [])
  }

  /** Records that were delivered since the last commit or rewind, by their offsets. */
  uncommitted(): number {
    let records = 0
    for (const [key, { offset }] of this.#current) {
      records += Math.max(0, offset - (this.#base.get(key)?.offset ?? offset))
    }
    return records
  }

  /** Where delivery begins again when a commit cannot be prepared. */
  lastCommitted(): TopicPartitionOffset[] {
    return [...this.#base.values()]
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
      if (this.#base.get(key)?.offset !== position.offset) return true
      // What a task is done with where it has gone back to is stored, and must not come again after a stop.
      return position.offset > (this.#committed.get(key)?.offset ?? -1)
    })
  }

  committed(positions: readonly TopicPartitionOffset[]): void {
    for (const position of positions) {
      const key = keyOf(position)
      const current = this.#current.get(key)
      if (current === undefined) continue
      this.#committed.set(key, position)
      // The task has gone back meanwhile, and has not been given again what lies between.
      if (position.offset <= current.offset) this.#base.set(key, position)
    }
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
