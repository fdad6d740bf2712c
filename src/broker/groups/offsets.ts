/** A committed offset, as it is stored. Timestamps in ms since 1970. */
export interface CommittedOffset {
  readonly offset: number
  /** −1 = unknown. */
  readonly leaderEpoch: number
  readonly metadata: string
  readonly commitTimestamp: number
  /** −1 = by the broker's retention. */
  readonly expireTimestamp: number
}

/** The committed offsets of one group. */
export class GroupOffsets {
  readonly #topics = new Map<string, Map<number, CommittedOffset>>()

  get isEmpty(): boolean {
    return this.#topics.size === 0
  }

  get(topic: string, partition: number): CommittedOffset | undefined {
    return this.#topics.get(topic)?.get(partition)
  }

  set(topic: string, partition: number, committed: CommittedOffset): void {
    let partitions = this.#topics.get(topic)
    if (partitions === undefined) {
      partitions = new Map()
      this.#topics.set(topic, partitions)
    }
    partitions.set(partition, committed)
  }

  delete(topic: string, partition: number): boolean {
    const partitions = this.#topics.get(topic)
    const wasThere = partitions?.delete(partition) ?? false
    if (partitions?.size === 0) this.#topics.delete(topic)
    return wasThere
  }

  topics(): string[] {
    return [...this.#topics.keys()]
  }

  partitions(topic: string): number[] {
    return [...(this.#topics.get(topic)?.keys() ?? [])]
  }

  *entries(): Generator<{ topic: string; partition: number; committed: CommittedOffset }> {
    for (const [topic, partitions] of this.#topics) {
      for (const [partition, committed] of partitions) yield { topic, partition, committed }
    }
  }
}
