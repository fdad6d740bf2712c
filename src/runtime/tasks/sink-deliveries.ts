import type { SinkBatch, SinkRecord, TopicPartition, TopicPartitionOffset } from '../../connect/index.ts'
import { partitionKey } from '../../client/index.ts'

/** What is given to a sink task in one call, and the offsets reached with it. */
export type Delivery = BatchDelivery | RecordsDelivery

interface BatchDelivery {
  readonly kind: 'batch'
  readonly batch: SinkBatch
  readonly reached: ReadonlyMap<string, TopicPartitionOffset>
}

interface RecordsDelivery {
  readonly kind: 'records'
  records: SinkRecord[]
  /** By partition; also of records that were dropped on the way. */
  readonly reached: Map<string, TopicPartitionOffset>
  /** Nothing is added any more: it was given to the task, which asked for it again. */
  isFixed: boolean
}

/** What was read and not delivered yet, in order. Records of several partitions make up one delivery, up to the most for a `put`. */
export class SinkDeliveries {
  #queue: Delivery[] = []
  readonly #maxRecords: number

  /** @param maxRecords `max.poll.records` */
  constructor(maxRecords: number) {
    this.#maxRecords = maxRecords
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0
  }

  /** The next delivery; with `full` only if nothing more will be added to it. */
  next({ full = false } = {}): Delivery | undefined {
    const head = this.#queue[0]
    if (!full || head === undefined || this.#queue.length > 1 || this.#isFull(head)) return head
    return undefined
  }

  addBatch(batch: SinkBatch, reached: TopicPartitionOffset): void {
    this.#queue.push({ kind: 'batch', batch, reached: new Map([[keyOf(reached), reached]]) })
  }

  /** True when the delivery that the record is in is full with it: then {@link reach} has to be called before the next one. */
  addRecord(record: SinkRecord): boolean {
    let last = this.#queue[this.#queue.length - 1]
    if (last === undefined || last.kind === 'batch' || this.#isFull(last)) last = this.#begin()
    last.records.push(record)
    return last.records.length >= this.#maxRecords
  }

  /** Says how far what was added last goes; records that were dropped or skipped behind it count. */
  reach(position: TopicPartitionOffset): void {
    const key = keyOf(position)
    let last = this.#queue[this.#queue.length - 1]
    if (last?.reached.get(key)?.offset === position.offset) return
    if (last === undefined || last.kind === 'batch' || last.isFixed) last = this.#begin()
    last.reached.set(key, position)
  }

  #begin(): RecordsDelivery {
    const delivery: RecordsDelivery = { kind: 'records', records: [], reached: new Map(), isFixed: false }
    this.#queue.push(delivery)
    return delivery
  }

  #isFull(delivery: Delivery): boolean {
    return delivery.kind === 'batch' || delivery.isFixed || delivery.records.length >= this.#maxRecords
  }

  /** The task wants the next delivery once more, as it is. */
  fixNext(): void {
    const head = this.#queue[0]
    if (head?.kind === 'records') head.isFixed = true
  }

  shift(): void {
    this.#queue.shift()
  }

  /** Takes out what came of these partitions. */
  drop(partitions: readonly TopicPartition[]): void {
    if (this.#queue.length === 0) return
    const gone = new Set(partitions.map(keyOf))
    for (const delivery of this.#queue) {
      if (delivery.kind === 'batch') continue
      for (const key of gone) delivery.reached.delete(key)
      delivery.records = delivery.records.filter(
        ({ originalTopic, originalKafkaPartition }) => !gone.has(partitionKey(originalTopic, originalKafkaPartition)),
      )
    }
    this.#queue = this.#queue.filter((delivery) =>
      delivery.kind === 'batch'
        ? ![...delivery.reached.keys()].some((key) => gone.has(key))
        : delivery.reached.size > 0,
    )
  }

  clear(): void {
    this.#queue = []
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return partitionKey(topic, partition)
}
