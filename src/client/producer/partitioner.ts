import { partitionForKey } from '../../protocol/murmur2.ts'
import type { TopicMetadata } from '../metadata.ts'

interface Sticky {
  partition: number
  bytes: number
}

/**
 * Kafka's default partitioner: murmur2 of the key; without a key one partition until `batch.size` bytes went there, then
 * another one at random (KIP-794), so that batches get full.
 */
export class Partitioner {
  readonly #switchAfterBytes: number
  readonly #sticky = new Map<string, Sticky>()

  constructor(switchAfterBytes: number) {
    this.#switchAfterBytes = switchAfterBytes
  }

  /** @param size bytes of the record, about */
  partition(topic: TopicMetadata, key: Uint8Array | null, size: number): number {
    const { partitions, name } = topic
    if (key !== null) return partitionForKey(key, partitions.length)
    let sticky = this.#sticky.get(name)
    if (sticky === undefined || sticky.bytes >= this.#switchAfterBytes || sticky.partition >= partitions.length) {
      const available = partitions.filter(({ leader }) => leader !== -1)
      const choices = available.length > 0 ? available : partitions
      const others = choices.filter(({ partition }) => partition !== sticky?.partition)
      const pool = others.length > 0 ? others : choices
      sticky = { partition: pool[Math.floor(Math.random() * pool.length)]?.partition ?? 0, bytes: 0 }
      this.#sticky.set(name, sticky)
    }
    sticky.bytes += size
    return sticky.partition
  }
}
