import type { Logger } from '../../base/logger.ts'
import { iterateBatches } from '../../protocol/records/batch.ts'
import { decodeBatch } from '../../protocol/records/decode.ts'
import { RecordBatchBuilder } from '../../protocol/records/encode.ts'
import type { Clock } from './clock.ts'
import { readStateRecord, type StateChange, type StateRecord } from './records.ts'

/** The part of a partition's log that group state needs. */
export interface StatePartition {
  readonly logStartOffset: number
  readonly logEndOffset: number
  append(batch: Uint8Array, options: { origin: 'coordinator'; requireFlush: boolean }): Promise<unknown>
  read(
    offset: number,
    maxBytes: number,
    options: { minOneBatch: boolean; isolation: 'read_uncommitted' },
  ): Promise<{ records: Uint8Array }>
}

/** Where the state of groups is kept: the partitions of `__consumer_offsets`. */
export interface StateTopic {
  readonly partitions: number
  /** The partition's log, or undefined if nothing was ever written to it. */
  existing(partition: number): StatePartition | undefined
  /** The partition's log, made if need be. */
  open(partition: number): Promise<StatePartition>
}

const MAX_DECOMPRESSED_BYTES = 104857600

/** Writes records of group state; resolves when they are on disk. Appends to one partition keep the order of the calls. */
export class StateLog {
  readonly #topic: StateTopic
  readonly #clock: Clock

  constructor(topic: StateTopic, clock: Clock) {
    this.#topic = topic
    this.#clock = clock
  }

  async append(partition: number, records: readonly StateRecord[]): Promise<void> {
    if (records.length === 0) return
    const builder = new RecordBatchBuilder({ initialCapacity: 1024 })
    const timestamp = this.#clock.now()
    for (const { key, value } of records) builder.append({ timestamp, key, value })
    const batch = builder.build()
    const log = this.#topic.existing(partition) ?? (await this.#topic.open(partition))
    await log.append(batch, { origin: 'coordinator', requireFlush: true })
  }
}

/** Reads everything that is stored, oldest first, and hands it to `apply`. Damaged records are reported and skipped. */
export async function replayState(
  topic: StateTopic,
  readBytes: number,
  logger: Logger,
  apply: (change: StateChange) => void,
): Promise<void> {
  for (let partition = 0; partition < topic.partitions; partition++) {
    const log = topic.existing(partition)
    if (log === undefined) continue
    let offset = log.logStartOffset
    while (offset < log.logEndOffset) {
      const { records } = await log.read(offset, readBytes, { minOneBatch: true, isolation: 'read_uncommitted' })
      const next = applyBatches(
        records,
        offset,
        (change) => apply(change),
        (error) =>
          logger.error({ err: error, partition, offset }, 'A record of __consumer_offsets cannot be read; skipped'),
      )
      if (next <= offset) break
      offset = next
    }
  }
}

function applyBatches(
  records: Uint8Array,
  offset: number,
  apply: (change: StateChange) => void,
  complain: (error: unknown) => void,
): number {
  let next = offset
  for (const { position, sizeInBytes, lastOffset, isControl } of iterateBatches(records)) {
    if (position + sizeInBytes > records.length) break
    next = lastOffset + 1
    if (isControl) continue
    const batch = decodeBatch(records, position, { maxDecompressedBytes: MAX_DECOMPRESSED_BYTES })
    for (let i = 0; i < batch.count; i++) {
      try {
        const key = batch.key(i)
        const change = key === null ? null : readStateRecord(key, batch.value(i))
        if (change !== null) apply(change)
      } catch (error) {
        complain(error)
      }
    }
  }
  return next
}
