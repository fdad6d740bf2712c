import type { StatePartition, StateTopic } from '../../../src/broker/groups/state-log.ts'
import { iterateBatches, stampBatch } from '../../../src/protocol/records/batch.ts'

/** `__consumer_offsets` in memory: keeps the batches as they would lie on disk. */
export class MemoryState implements StateTopic {
  readonly partitions: number
  /** If set, appends fail with it. */
  error: Error | null = null
  readonly #logs = new Map<number, MemoryPartition>()

  constructor(partitions = 50) {
    this.partitions = partitions
  }

  /** The partitions that something was written to. */
  get used(): number[] {
    return [...this.#logs.keys()]
  }

  existing(partition: number): StatePartition | undefined {
    return this.#logs.get(partition)
  }

  async open(partition: number): Promise<StatePartition> {
    const log = this.#logs.get(partition) ?? new MemoryPartition(() => this.error)
    this.#logs.set(partition, log)
    return log
  }
}

class MemoryPartition implements StatePartition {
  readonly logStartOffset = 0
  logEndOffset = 0
  readonly #failure: () => Error | null
  #bytes: Uint8Array[] = []

  constructor(failure: () => Error | null) {
    this.#failure = failure
  }

  async append(batch: Uint8Array): Promise<void> {
    const error = this.#failure()
    if (error !== null) throw error
    stampBatch(batch, 0, { baseOffset: this.logEndOffset, partitionLeaderEpoch: 0 })
    for (const { lastOffset } of iterateBatches(batch)) this.logEndOffset = lastOffset + 1
    this.#bytes.push(batch)
  }

  async read(offset: number): Promise<{ records: Uint8Array }> {
    const from = this.#bytes.findIndex((bytes) =>
      [...iterateBatches(bytes)].some(({ lastOffset }) => lastOffset >= offset),
    )
    return { records: from === -1 ? new Uint8Array(0) : Buffer.concat(this.#bytes.slice(from, from + 2)) }
  }
}
