import type { InFlight } from './in-flight.ts'
import type { ObjectWriter } from './object-writer.ts'

/** How many rotations of a partition may be finished at once when a repetition would give the same objects. */
const MAX_CONCURRENT = 4

export type CommitResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** Other objects have the keys of these. */
  | { readonly kind: 'conflict'; readonly objects: readonly ObjectWriter[] }

interface Commit {
  readonly objects: readonly ObjectWriter[]
  readonly firstOffset: number
  readonly nextOffset: number
  readonly bytes: number
  running: Promise<void> | null
  result: CommitResult | null
}

/**
 * The rotations of a partition that are being finished, oldest first. Objects of one rotation complete together, and
 * several rotations may overlap, but the committed offset moves only past rotations of which all is stored.
 */
export class CommitQueue {
  /** Next offset to read after everything that is stored; null as long as nothing is. */
  committed: number | null = null
  readonly #inFlight: InFlight
  readonly #maxConcurrent: number
  #queue: Commit[] = []
  #isHalted = false
  /** First offset of what was dropped unfinished. */
  #dropped: number | null = null
  #aborts: Promise<void>[] = []

  constructor(inFlight: InFlight, mayOverlap: boolean) {
    this.#inFlight = inFlight
    this.#maxConcurrent = mayOverlap ? MAX_CONCURRENT : 1
  }

  /** True after a rotation failed: nothing more is begun. */
  get isHalted(): boolean {
    return this.#isHalted
  }

  /** Takes the objects of a rotation, after which the records from `nextOffset` on follow; drops them once halted. */
  add(objects: readonly ObjectWriter[], nextOffset: number): void {
    if (this.#isHalted) {
      this.#drop(objects)
      return
    }
    const bytes = objects.reduce((sum, object) => sum + object.pendingBytes, 0)
    const firstOffset = Math.min(...objects.map((object) => object.startOffset))
    this.#inFlight.add(bytes, objects.length)
    this.#queue.push({ objects, firstOffset, nextOffset, bytes, running: null, result: null })
    this.#startNext()
  }

  /** Where to read again if what is under way were lost; null when nothing is. */
  firstUncommitted(): number | null {
    return this.#queue[0]?.firstOffset ?? this.#dropped
  }

  /** The result of the oldest rotation that is not stored; null when there is none or it is under way. */
  firstResult(): CommitResult | null {
    return this.#queue[0]?.result ?? null
  }

  /** Resolves when everything that was added is stored, or when a rotation failed. */
  async idle(): Promise<void> {
    // The oldest one only: a younger one may have ended long ago, and waiting for that would spin.
    while (!this.#isHalted && this.#queue[0] !== undefined) await this.#queue[0].running
  }

  /** Waits for what is under way and drops the rest. Afterwards, `firstResult` tells how things stand. */
  async settle(): Promise<void> {
    this.#halt()
    await Promise.all([...this.#aborts, ...this.#queue.map((commit) => commit.running)])
  }

  /** What waits is dropped at once: a `put` may be waiting for just the room that it takes. */
  #halt(): void {
    this.#isHalted = true
    const waiting = this.#queue.filter((commit) => commit.running === null)
    this.#queue = this.#queue.filter((commit) => commit.running !== null)
    for (const commit of waiting) {
      this.#inFlight.remove(commit.bytes, commit.objects.length)
      this.#drop(commit.objects)
    }
  }

  #drop(objects: readonly ObjectWriter[]): void {
    this.#dropped ??= Math.min(...objects.map((object) => object.startOffset))
    this.#aborts.push(...objects.map((object) => object.abort()))
  }

  #startNext(): void {
    if (this.#isHalted) return
    let running = 0
    for (const commit of this.#queue) {
      if (commit.result === null && commit.running !== null) running++
      if (running >= this.#maxConcurrent) return
      if (commit.running === null) {
        commit.running = this.#run(commit)
        running++
      }
    }
  }

  async #run(commit: Commit): Promise<void> {
    const outcomes = await Promise.allSettled(commit.objects.map((object) => object.complete()))
    const failed = outcomes.find((outcome) => outcome.status === 'rejected')
    const conflicts = commit.objects.filter((_object, i) => {
      const outcome = outcomes[i]
      return outcome?.status === 'fulfilled' && outcome.value === 'conflict'
    })
    if (failed !== undefined) {
      commit.result = { kind: 'failed', error: failed.reason }
      await Promise.all(commit.objects.map((object) => object.abort()))
    } else if (conflicts.length > 0) commit.result = { kind: 'conflict', objects: conflicts }
    else commit.result = { kind: 'done' }
    if (commit.result.kind !== 'done') this.#halt()
    while (this.#queue[0]?.result?.kind === 'done') this.committed = this.#queue.shift()?.nextOffset ?? null
    this.#inFlight.remove(commit.bytes, commit.objects.length)
    this.#startNext()
  }
}
