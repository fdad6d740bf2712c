import { Session } from 'node:inspector'
import { flushCompileCache } from 'node:module'
import { performance } from 'node:perf_hooks'
import { getHeapStatistics } from 'node:v8'
import type { Logger } from './logger.ts'

const LOOK_INTERVAL_MS = 5000
/** A thread is idle when it is busy for a smaller part of the time: nobody is likely to wait for it while it collects. */
const MOST_BUSY = 0.05
/** What the heap must have grown by since the last collection, to make another one worth its while. */
const LEAST_GROWTH_BYTES = 4 * 2 ** 20
const LEAST_PAUSE_MS = 60_000

export interface IdleMemoryOptions {
  readonly logger: Logger
  /** How often is looked whether the time since the last look was idle; default 5000. */
  readonly intervalMs?: number
}

/**
 * Lets the present thread give memory back while it is idle: what a start or a burst of work left behind is collected, and
 * the heap shrinks to what is in use. By itself V8 collects when it needs room, which an idle thread does not for hours,
 * and keeps the room of the busiest time. A collection takes up to a tenth of a second, and comes once a minute at most.
 * What was compiled until then is kept for the next start, however this process may end: modules whose types have to be
 * stripped first take an eighth of a thread's memory more. Call once a thread; its end ends this.
 */
export function giveMemoryBackWhenIdle({ logger, intervalMs = LOOK_INTERVAL_MS }: IdleMemoryOptions): void {
  let lastLook = performance.eventLoopUtilization()
  let sizeBefore = 0
  let lastCollection = -Infinity
  const look = (): void => {
    const since = lastLook
    lastLook = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(lastLook, since)
    if (!(utilization <= MOST_BUSY)) return
    const begun = performance.now()
    if (begun - lastCollection < LEAST_PAUSE_MS) return
    const heapBytes = getHeapStatistics().total_heap_size
    if (heapBytes < sizeBefore + LEAST_GROWTH_BYTES) return
    lastCollection = begun
    flushCompileCache()
    collect(() => {
      sizeBefore = getHeapStatistics().total_heap_size
      const tookMs = Math.round(performance.now() - begun)
      logger.debug({ heapBytes: sizeBefore, freedBytes: heapBytes - sizeBefore, tookMs }, 'Gave idle memory back')
    })
  }
  setInterval(look, intervalMs).unref()
}

/** Collects all garbage and shrinks the heap, as V8 does when the system runs short of memory. */
function collect(done: () => void): void {
  const session = new Session()
  session.connect()
  session.post('HeapProfiler.collectGarbage', () => {
    // Within its own answer it would wait for itself.
    setImmediate(() => session.disconnect())
    done()
  })
}
