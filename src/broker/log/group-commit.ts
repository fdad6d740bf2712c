import type { Segment } from './segment.ts'

/** A place in the log: everything before `offset` lies before `position` of `segment`. */
export interface LogPosition {
  readonly offset: number
  readonly segment: Segment
  readonly position: number
}

/** A batch with its place, waiting for the disk. */
export interface PendingWrite {
  readonly bytes: Uint8Array
  readonly begin: LogPosition
  readonly end: LogPosition
  /** Acknowledge only when it is on disk. */
  readonly needsFlush: boolean
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export interface GroupCommitHooks {
  /** The visible end moved. */
  onVisible(end: LogPosition): void
  /** A segment got its last batch, and everything of it is written. */
  onRolled(segment: Segment): void
  /** A file is durable, but its entry in the folder is not yet. */
  syncFolder(): Promise<void>
  /** Writing or flushing failed. All waiting appends have been refused. */
  onFailure(error: unknown): void
}

/** Bytes that go into one call. More would delay the first batches of the group for the last ones. */
const MAX_GROUP_BYTES = 8388608
/** Batches below this are copied together: a copy is cheaper than another element of an iovec. */
const COPY_BELOW_BYTES = 4096

/**
 * Group commit of one partition. Appends queue up in the order of their offsets; one loop writes what has come together in one
 * call, another flushes what has been written, and both run at the same time. One `fdatasync` acknowledges everything that was
 * written before it began.
 *
 * What readers may see: a batch becomes visible when it can be acknowledged, and never before those in front of it. So with
 * acks=all no consumer ever sees a record that a power cut could take back (a replicated Kafka has the same rule with "in sync
 * replicas" for "disk"), and with acks=1 records appear as soon as they are written.
 */
export class GroupCommit {
  readonly #hooks: GroupCommitHooks
  #queue: PendingWrite[] = []
  // Written and waiting for a flush, in order.
  #unflushed: PendingWrite[] = []
  readonly #dirty = new Set<Segment>()
  #written: LogPosition
  #visible: LogPosition
  #flushedOffset: number
  #isWriting = false
  #isFlushing = false
  #failure: { error: unknown } | null = null
  #idle: (() => void)[] = []

  constructor(start: LogPosition, hooks: GroupCommitHooks) {
    this.#hooks = hooks
    this.#written = start
    this.#visible = start
    this.#flushedOffset = start.offset
  }

  get visible(): LogPosition {
    return this.#visible
  }

  /** Everything before this offset is on disk. */
  get flushedOffset(): number {
    return this.#flushedOffset
  }

  /** Queues a batch. It is written after the current turn of the event loop, with all others that come in meanwhile. */
  enqueue(write: PendingWrite): void {
    if (this.#failure !== null) {
      write.reject(this.#failure.error)
      return
    }
    this.#queue.push(write)
    if (this.#isWriting) return
    this.#isWriting = true
    setImmediate(() => void this.#writeAll())
  }

  /** Resolves when all that is queued is written, and on disk too if `flush` is true. */
  settle(end: LogPosition, flush: boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.enqueue({ bytes: EMPTY, begin: end, end, needsFlush: flush, resolve, reject })
    return promise
  }

  /** Resolves when neither loop runs any more, however they ended. */
  async idle(): Promise<void> {
    while (this.#isWriting || this.#isFlushing) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#idle.push(resolve)
      await promise
    }
  }

  /** The log was cut or its segments were replaced while nothing was queued. */
  moveTo(position: LogPosition): void {
    this.#written = position
    this.#visible = position
  }

  /** A segment is about to go: it need not be flushed any more. */
  forget(segment: Segment): void {
    this.#dirty.delete(segment)
  }

  async #writeAll(): Promise<void> {
    try {
      while (this.#queue.length > 0 && this.#failure === null) await this.#writeGroup()
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isWriting = false
      this.#notifyIdle()
    }
  }

  async #writeGroup(): Promise<void> {
    const group = this.#takeGroup()
    const first = group[0] as PendingWrite
    const last = group[group.length - 1] as PendingWrite
    const { segment } = first.begin
    if (segment !== this.#written.segment) this.#hooks.onRolled(this.#written.segment)
    const buffers = joinSmall(group)
    try {
      if (buffers.length > 0) {
        await segment.write(buffers, first.begin.position)
        this.#dirty.add(segment)
      }
    } catch (error) {
      for (const write of group) write.reject(error)
      throw error
    }
    this.#written = last.end
    for (const write of group) if (write.needsFlush) this.#unflushed.push(write)
    this.#publish()
    for (const write of group) if (!write.needsFlush) write.resolve()
    if (this.#unflushed.length > 0 && !this.#isFlushing) {
      this.#isFlushing = true
      void this.#flushAll()
    }
  }

  /** The queue's first batches, all of one segment. */
  #takeGroup(): PendingWrite[] {
    const queue = this.#queue
    const segment = queue[0]?.begin.segment
    let count = 0
    for (let bytes = 0; count < queue.length; count++) {
      const write = queue[count] as PendingWrite
      bytes += write.bytes.length
      if (count > 0 && (write.begin.segment !== segment || bytes > MAX_GROUP_BYTES)) break
    }
    this.#queue = queue.slice(count)
    return count === queue.length ? queue : queue.slice(0, count)
  }

  async #flushAll(): Promise<void> {
    try {
      while (this.#unflushed.length > 0 && this.#failure === null) await this.#flush()
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isFlushing = false
      this.#notifyIdle()
    }
  }

  async #flush(): Promise<void> {
    const waiting = this.#unflushed
    const { offset } = this.#written
    const count = waiting.length
    const segments = [...this.#dirty]
    this.#dirty.clear()
    await Promise.all(segments.map((segment) => segment.flush()))
    if (segments.some((segment) => segment.isNew)) {
      await this.#hooks.syncFolder()
      for (const segment of segments) segment.isNew = false
    }
    if (this.#failure !== null) return
    this.#flushedOffset = Math.max(this.#flushedOffset, offset)
    this.#unflushed = waiting.slice(count)
    this.#publish()
    for (let i = 0; i < count; i++) waiting[i]?.resolve()
  }

  #publish(): void {
    const end = this.#unflushed[0]?.begin ?? this.#written
    if (end.offset === this.#visible.offset && end.segment === this.#visible.segment) return
    this.#visible = end
    this.#hooks.onVisible(end)
  }

  #fail(error: unknown): void {
    if (this.#failure !== null) return
    this.#failure = { error }
    for (const write of [...this.#unflushed, ...this.#queue]) write.reject(error)
    this.#unflushed = []
    this.#queue = []
    this.#hooks.onFailure(error)
  }

  #notifyIdle(): void {
    if (this.#isWriting || this.#isFlushing) return
    const idle = this.#idle
    this.#idle = []
    for (const resolve of idle) resolve()
  }
}

const EMPTY = new Uint8Array(0)

function joinSmall(group: PendingWrite[]): Uint8Array[] {
  const buffers: Uint8Array[] = []
  for (let i = 0; i < group.length; ) {
    let bytes = 0
    let end = i
    while (end < group.length && (group[end] as PendingWrite).bytes.length < COPY_BELOW_BYTES) {
      bytes += (group[end++] as PendingWrite).bytes.length
    }
    if (end > i + 1) {
      const joined = Buffer.allocUnsafeSlow(bytes)
      for (let at = 0; i < end; i++) {
        const part = (group[i] as PendingWrite).bytes
        joined.set(part, at)
        at += part.length
      }
      if (bytes > 0) buffers.push(joined)
    } else {
      const { bytes: part } = group[i++] as PendingWrite
      if (part.length > 0) buffers.push(part)
    }
  }
  return buffers
}
