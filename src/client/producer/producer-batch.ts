import { BATCH_OVERHEAD, type RecordBatchBuilder } from '../../protocol/records/index.ts'
import { crc32c } from '../../protocol/crc32c.ts'
import { type Deferred, deferred, now } from '../waits.ts'

const MAX_SEQUENCE = 0x7fffffff

/** Who the broker takes the sender for: producer id and epoch; -1 without idempotence. */
export interface ProducerIdentity {
  readonly producerId: number
  readonly epoch: number
}

export const noIdentity: ProducerIdentity = { producerId: -1, epoch: -1 }

/** A batch on its way from `send` or `sendBatch` to its acknowledgement. */
export class ProducerBatch {
  readonly topic: string
  readonly partition: number
  /** Position among the batches of the partition, for putting retried ones back where they were. */
  readonly order: number
  readonly createdAt = now()
  readonly deadline: number
  /** Resolves with the offset of the first record, -1 when the broker does not tell. */
  readonly done: Deferred<number> = deferred()
  /** Bytes counted against `buffer.memory`. */
  reserved = 0
  attempts = 0
  lastError: unknown = null
  /** Sequence of the first record, -1 until the batch is sent for the first time. */
  sequence = -1
  #builder: RecordBatchBuilder | null
  #bytes: Uint8Array | null = null
  readonly #count: () => number

  constructor(topic: string, partition: number, order: number, builder: RecordBatchBuilder, deliveryTimeoutMs: number) {
    this.topic = topic
    this.partition = partition
    this.order = order
    this.deadline = this.createdAt + deliveryTimeoutMs
    this.#builder = builder
    this.#count = () => builder.count
  }

  get count(): number {
    return this.#count()
  }

  /** What records go into while the batch is open. */
  get builder(): RecordBatchBuilder {
    if (this.#builder === null) throw new Error('the batch is closed')
    return this.#builder
  }

  /** Bytes on the wire; before the batch is built an estimate without compression. */
  get sizeInBytes(): number {
    return this.#bytes?.length ?? this.#builder?.sizeInBytes ?? 0
  }

  get isBuilt(): boolean {
    return this.#bytes !== null
  }

  /** The finished bytes, as coming from `identity` with this sequence; a batch that is built already is stamped anew if need be. */
  bytes(identity: ProducerIdentity, sequence: number): Uint8Array {
    if (this.#bytes === null) {
      const { producerId, epoch } = identity
      this.#bytes = this.builder.build({ producerId, producerEpoch: epoch, baseSequence: sequence })
      this.#builder = null
    } else if (this.sequence !== sequence || !isStampedWith(this.#bytes, identity)) {
      restamp(this.#bytes, identity, sequence)
    }
    return this.#bytes
  }

  succeed(baseOffset: number): void {
    this.#release()
    this.done.resolve(baseOffset)
  }

  fail(error: unknown): void {
    this.#release()
    this.done.reject(error)
  }

  /** Record promises may outlive the batch; its bytes must not. */
  #release(): void {
    this.#builder = null
    this.#bytes = null
  }
}

/** The sequence after `count` records, which goes on at 0 behind the greatest int32. */
export function advanceSequence(sequence: number, count: number): number {
  const left = MAX_SEQUENCE - sequence
  return count <= left ? sequence + count : count - left - 1
}

// Producer id int64 at 43, epoch int16 at 51, base sequence int32 at 53; the CRC at 17 covers everything from 21 on.

function isStampedWith(bytes: Uint8Array, { producerId, epoch }: ProducerIdentity): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, BATCH_OVERHEAD)
  return Number(view.getBigInt64(43)) === producerId && view.getInt16(51) === epoch
}

function restamp(bytes: Uint8Array, { producerId, epoch }: ProducerIdentity, sequence: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, BATCH_OVERHEAD)
  view.setBigInt64(43, BigInt(producerId))
  view.setInt16(51, epoch)
  view.setInt32(53, sequence)
  view.setUint32(17, crc32c(bytes, 21))
}
