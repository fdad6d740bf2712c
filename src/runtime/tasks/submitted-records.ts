import type { SourceOffset, SourcePartition } from '../../connect/index.ts'

/** What a task may commit: the place that each source partition has reached without a gap. */
export interface CommittableOffset {
  readonly partition: SourcePartition
  readonly offset: SourceOffset
}

/**
 * The records of one poll for one source partition. Counted, not listed: records of a poll share the fate of its offset.
 * Open it, `add` what goes out, `seal` it with the offset, `acknowledge` what was stored (in any order, before or after).
 */
export class Submission {
  readonly partition: SourcePartition
  #offset: SourceOffset | null = null
  #outstanding = 0
  #sealed = false
  readonly #onChange: (records: number) => void

  constructor(partition: SourcePartition, onChange: (records: number) => void) {
    this.partition = partition
    this.#onChange = onChange
  }

  /** Where to resume once everything here is stored; null when that is not known (more of the same place follows). */
  get offset(): SourceOffset | null {
    return this.#offset
  }

  get complete(): boolean {
    return this.#sealed && this.#outstanding === 0
  }

  add(records: number): void {
    this.#outstanding += records
    this.#onChange(records)
  }

  acknowledge(records: number): void {
    this.#outstanding -= records
    this.#onChange(-records)
  }

  seal(offset: SourceOffset | null): void {
    this.#offset = offset
    this.#sealed = true
  }
}

/**
 * Keeps which offsets of a source task may be committed: per source partition, the last offset of the contiguous run of
 * completely stored submissions from the front. One object a poll and source partition, none a record.
 */
export class SubmittedRecords {
  readonly #queues = new Map<string, Submission[]>()
  #outstanding = 0
  #waiters: (() => void)[] = []

  /** Records that were sent and are not stored yet. */
  get outstanding(): number {
    return this.#outstanding
  }

  open(partition: SourcePartition): Submission {
    const submission = new Submission(partition, (records) => this.#changed(records))
    const key = partitionKey(partition)
    const queue = this.#queues.get(key)
    if (queue) queue.push(submission)
    else this.#queues.set(key, [submission])
    return submission
  }

  /** Takes out the completed fronts: at most one offset a source partition, none where nothing new was completed. */
  takeCommittable(): CommittableOffset[] {
    const committable: CommittableOffset[] = []
    for (const [key, queue] of this.#queues) {
      let done = 0
      let offset: SourceOffset | null = null
      let partition: SourcePartition | null = null
      for (; done < queue.length && (queue[done] as Submission).complete; done++) {
        const submission = queue[done] as Submission
        if (submission.offset !== null) {
          offset = submission.offset
          partition = submission.partition
        }
      }
      if (done === queue.length) this.#queues.delete(key)
      else if (done > 0) queue.splice(0, done)
      if (offset !== null && partition !== null) committable.push({ partition, offset })
    }
    return committable
  }

  /** Resolves when nothing is outstanding. Rejects never; put a deadline around it. */
  drained(): Promise<void> {
    if (this.#outstanding === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiters.push(resolve))
  }

  #changed(records: number): void {
    this.#outstanding += records
    if (this.#outstanding > 0 || this.#waiters.length === 0) return
    const waiters = this.#waiters
    this.#waiters = []
    for (const resolve of waiters) resolve()
  }
}

/** Tells source partitions apart, whatever the order of their fields. */
export function partitionKey(partition: SourcePartition): string {
  const keys = Object.keys(partition)
  let text = ''
  for (const key of keys.length > 1 ? keys.sort() : keys) {
    const value = partition[key]
    text += `${JSON.stringify(key)}:${typeof value === 'bigint' ? `${value}n` : JSON.stringify(value)},`
  }
  return text
}
