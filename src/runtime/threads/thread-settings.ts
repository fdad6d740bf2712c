import { availableParallelism } from 'node:os'
import { WorkerConfigError } from '../errors.ts'
import type { WorkerConfig } from '../worker-config.ts'

/** Worker properties of the task threads; these are ours, Kafka Connect has none of them. */
export interface ThreadSettings {
  /** `task.threads`: how many at most, default one a core. They are started when there is work for them. */
  readonly threads: number
  /** `task.thread.unresponsive.ms`: a thread that does not answer for this long is replaced, default 10000. */
  readonly unresponsiveMs: number
  /** `task.thread.max.heap.mb`: heap and buffers of each thread, null (default) for half of Node.js' own limit of heaps. */
  readonly maxHeapMb: number | null
  /** `plugin.call.timeout.ms`: how long start, validation and the like of a plugin may take, default 60000. */
  readonly pluginCallTimeoutMs: number
  /** `task.progress.timeout.ms`: a running task that does not move for this long is named by `/health`; 0 never, default 300000. */
  readonly progressTimeoutMs: number
}

/** Throws {@link WorkerConfigError} that names each wrong one. */
export function threadSettings(config: Pick<WorkerConfig, 'properties'>): ThreadSettings {
  const errors: Record<string, string[]> = {}
  const number = <T>(name: string, least: number, byDefault: T): number | T => {
    const text = config.properties[name]?.trim()
    if (text === undefined || text === '') return byDefault
    const value = Number(text)
    if (Number.isInteger(value) && value >= least) return value
    errors[name] = [`Invalid value ${text} for configuration ${name}: it must be a whole number of at least ${least}`]
    return byDefault
  }
  const settings: ThreadSettings = {
    threads: number('task.threads', 1, availableParallelism()),
    unresponsiveMs: number('task.thread.unresponsive.ms', 100, 10_000),
    maxHeapMb: number('task.thread.max.heap.mb', 16, null),
    pluginCallTimeoutMs: number('plugin.call.timeout.ms', 1, 60_000),
    progressTimeoutMs: number('task.progress.timeout.ms', 0, 300_000),
  }
  if (Object.keys(errors).length > 0) throw new WorkerConfigError(errors)
  return settings
}
