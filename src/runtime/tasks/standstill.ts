import type { TopicPartition, TopicPartitionOffset } from '../../connect/index.ts'
import { partitionKey } from '../../client/index.ts'
import type { Progress } from '../plugins/plugin-scope.ts'

/** Rewinds that are further apart have nothing to do with each other, in milliseconds. */
const MOST_APART_MS = 600_000

interface Rewinds {
  readonly offset: number
  readonly first: number
  last: number
}

/**
 * Notes what a running task does again and again instead of going on, although each of its calls ends: it asks for the same
 * once more (`RetriableError`), or goes back to the same offset of a partition.
 */
export class Standstill {
  readonly #now: () => number
  #refusal: Progress | null = null
  readonly #rewinds = new Map<string, Rewinds>()

  /** @param now the clock of `performance.now()`, another one in tests */
  constructor(now = (): number => performance.now()) {
    this.#now = now
  }

  /** The plugin's function asked to be called again. */
  refused(hook: string): void {
    this.#refusal ??= { hook, at: this.#now() }
  }

  /** What it had refused, it did. */
  wentOn(): void {
    this.#refusal = null
  }

  /** A partition was taken back to an offset. */
  wentBack(to: TopicPartitionOffset): void {
    const now = this.#now()
    const key = keyOf(to)
    const before = this.#rewinds.get(key)
    if (before !== undefined && to.offset <= before.offset && now - before.last < MOST_APART_MS) before.last = now
    else this.#rewinds.set(key, { offset: to.offset, first: now, last: now })
  }

  /** Offsets that the group has: who has come further than where they went back to has gone on. */
  committed(positions: readonly TopicPartitionOffset[]): void {
    for (const position of positions) {
      const key = keyOf(position)
      if (position.offset > (this.#rewinds.get(key)?.offset ?? Infinity)) this.#rewinds.delete(key)
    }
  }

  /** The partition is another task's now. */
  forget(partition: TopicPartition): void {
    this.#rewinds.delete(keyOf(partition))
  }

  /** Since when the task has not gone on, and the function that it does not get beyond; null when nothing is known of the kind. */
  get since(): Progress | null {
    let longest = this.#refusal
    const now = this.#now()
    for (const { first, last } of this.#rewinds.values()) {
      // What came after the last time may be the way out of it.
      const at = now - (last - first)
      if (last > first && now - last < MOST_APART_MS && at < (longest?.at ?? Infinity)) longest = { hook: 'put', at }
    }
    return longest
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return partitionKey(topic, partition)
}
