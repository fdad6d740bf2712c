import type { EventLoopUtilization } from 'node:perf_hooks'
import type { ResourceLimits, Worker } from 'node:worker_threads'
import { getHeapStatistics } from 'node:v8'
import { type HeldMemory, measureThread } from './held-memory.ts'

const MIB = 2 ** 20
const LOOK_INTERVAL_MS = 100
/** What a thread has to work for, before it may hold so much more that it is worth to look. */
const WORK_MS = 50
/** A collection takes longer the more is held. */
const MEASURE_TIMEOUT_MS = 30_000
/** A thread that holds almost as much as it may is not to be kept collecting, unless it grows on. */
const REST_PER_COLLECTION = 10
const GROWN = 1.3
/** What one call into native code may add before anybody can look: a text that is parsed grows to three times its size. */
const LEAST_SPARE_MB = 1024

/** What a thread may hold, in bytes. */
export interface HeapAllowance {
  readonly bytes: number
  /** Says where the number comes from and how to change it. */
  readonly text: string
  /** For V8, which is to go on until the watch has ended the thread. */
  readonly resourceLimits: ResourceLimits | null
}

/**
 * The allowance that `task.thread.max.heap.mb` gives; null: half of what Node.js gives each heap. V8 is told far more,
 * because the limit that it is told protects nobody: with the allocation that does not fit into it, and a growing array
 * asks for half of its size again, V8 ends not the thread but the process.
 */
export function heapAllowance(maxHeapMb: number | null): HeapAllowance {
  const mostMb = Math.floor(getHeapStatistics().heap_size_limit / 2 / MIB)
  if (maxHeapMb === null) {
    const text = `task.thread.max.heap.mb is by default half of Node.js' heap limit, here ${mostMb}`
    return { bytes: mostMb * MIB, text, resourceLimits: null }
  }
  if (maxHeapMb > mostMb && limitsEveryHeap()) {
    const text = `task.thread.max.heap.mb is ${maxHeapMb}, but --max-old-space-size leaves ${mostMb}`
    return { bytes: mostMb * MIB, text, resourceLimits: null }
  }
  return {
    bytes: maxHeapMb * MIB,
    text: `task.thread.max.heap.mb is ${maxHeapMb}`,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb + Math.max(LEAST_SPARE_MB, 2 * maxHeapMb) },
  }
}

/** This option holds for threads, too, whatever V8 is told for them. */
function limitsEveryHeap(): boolean {
  return /--max[-_]old[-_]space[-_]size/.test([...process.execArgv, process.env['NODE_OPTIONS']].join(' '))
}

/**
 * Watches from outside what a thread holds in its heap and in buffers, also while it is in a loop that does not end. When
 * that is more than allowed, collects its garbage; when it is still more, `onExceeded` is told, once.
 * An idle thread is left in peace: it cannot grow.
 */
export class HeapWatch {
  readonly #worker: Worker
  readonly #allowedBytes: number
  readonly #onExceeded: (held: HeldMemory) => void
  readonly #timer: NodeJS.Timeout
  #lastLook: EventLoopUtilization
  #isLooking = false
  #restsUntil = 0
  #isOver = false

  constructor(worker: Worker, allowedBytes: number, onExceeded: (held: HeldMemory) => void) {
    this.#worker = worker
    this.#allowedBytes = allowedBytes
    this.#onExceeded = onExceeded
    this.#lastLook = worker.performance.eventLoopUtilization()
    this.#timer = setInterval(() => void this.#look(), LOOK_INTERVAL_MS).unref()
  }

  stop(): void {
    this.#isOver = true
    clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return
    const now = this.#worker.performance.eventLoopUtilization()
    if (now.active - this.#lastLook.active < WORK_MS) return
    this.#lastLook = now
    this.#isLooking = true
    const heldBytes = await this.#heldBytes()
    const mostBytes = performance.now() < this.#restsUntil ? GROWN * this.#allowedBytes : this.#allowedBytes
    if (heldBytes > mostBytes && !this.#isOver) await this.#collect()
    this.#isLooking = false
  }

  /** With garbage; 0 when the thread has ended. */
  async #heldBytes(): Promise<number> {
    try {
      const { used_heap_size: heapBytes, external_memory: bufferBytes } = await this.#worker.getHeapStatistics()
      return heapBytes + bufferBytes
    } catch {
      return 0
    }
  }

  async #collect(): Promise<void> {
    const begunAt = performance.now()
    const held = await measureThread(this.#worker.threadId, MEASURE_TIMEOUT_MS)
    if (held === null || this.#isOver) return
    const endedAt = performance.now()
    this.#restsUntil = endedAt + REST_PER_COLLECTION * (endedAt - begunAt)
    if (held.bytes <= this.#allowedBytes) return
    this.stop()
    this.#onExceeded(held)
  }
}
