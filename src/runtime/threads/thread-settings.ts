import { availableParallelism } from 'node:os'
import { numberProp } from '../tasks/props.ts'
import type { WorkerConfig } from '../worker-config.ts'

/** Worker properties of the task threads; these are ours, Kafka Connect has none of them. */
export interface ThreadSettings {
  /** `task.threads`: how many at most, default one a core. They are started when there is work for them. */
  readonly threads: number
  /** `task.thread.unresponsive.ms`: a thread that does not answer for this long is replaced, default 10000. */
  readonly unresponsiveMs: number
  /** `task.thread.max.heap.mb`: JavaScript heap of each thread, null (default) for Node's own limit. */
  readonly maxHeapMb: number | null
  /** `plugin.call.timeout.ms`: how long start, validation and the like of a plugin may take, default 60000. */
  readonly pluginCallTimeoutMs: number
}

export function threadSettings(config: WorkerConfig): ThreadSettings {
  const { properties } = config
  const heap = numberProp(properties, 'task.thread.max.heap.mb', 0)
  return {
    threads: Math.max(1, Math.floor(numberProp(properties, 'task.threads', availableParallelism()))),
    unresponsiveMs: Math.max(100, numberProp(properties, 'task.thread.unresponsive.ms', 10_000)),
    maxHeapMb: heap > 0 ? heap : null,
    pluginCallTimeoutMs: Math.max(1, numberProp(properties, 'plugin.call.timeout.ms', 60_000)),
  }
}
