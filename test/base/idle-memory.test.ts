import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { giveMemoryBackWhenIdle } from '../../src/base/idle-memory.ts'
import { type Logger, silentLogger } from '../../src/base/logger.ts'

interface Collected {
  readonly heapBytes: number
  readonly freedBytes: number
  /** How long the thread had nothing more to do. */
  readonly idleMs: number
}

const GARBAGE_BYTES = 40 * 2 ** 20

if (isMainThread) {
  test('a thread that has become idle gives the memory of what it did back', async () => {
    const { heapBytes, freedBytes } = await collectedAfter({ busyMs: 0 })
    assert.ok(freedBytes > GARBAGE_BYTES / 2, `freed ${freedBytes} bytes`)
    assert.ok(heapBytes < GARBAGE_BYTES, `kept ${heapBytes} bytes`)
  })

  test('a thread that is busy is left alone until it is idle', async () => {
    const { freedBytes, idleMs } = await collectedAfter({ busyMs: 400 })
    assert.ok(freedBytes > 0)
    assert.ok(idleMs > 0, `collected ${-idleMs} ms before the end of the work`)
  })
} else {
  leaveGarbage((workerData as { busyMs: number }).busyMs)
}

async function collectedAfter(work: { busyMs: number }): Promise<Collected> {
  const worker = new Worker(new URL(import.meta.url), { workerData: work })
  try {
    const [collected] = (await once(worker, 'message')) as [Collected]
    return collected
  } finally {
    await worker.terminate()
  }
}

/** What the thread does: it fills its heap, is busy for a while, and then waits. */
function leaveGarbage(busyMs: number): void {
  let busyUntil = Infinity
  const debug = (fields: Pick<Collected, 'heapBytes' | 'freedBytes'>): void =>
    parentPort?.postMessage({ ...fields, idleMs: performance.now() - busyUntil })
  giveMemoryBackWhenIdle({ logger: { ...silentLogger, debug } as Logger, intervalMs: 40 })
  let kept: number[][] | null = Array.from({ length: GARBAGE_BYTES / 8000 }, () =>
    Array.from({ length: 1000 }, () => 1),
  )
  assert.ok(kept.length > 0)
  kept = null
  busyUntil = performance.now() + busyMs
  const work = (): void => {
    if (performance.now() < busyUntil) setImmediate(work)
  }
  work()
  // Keeps the thread, as its tasks do.
  parentPort?.on('message', () => {})
}
