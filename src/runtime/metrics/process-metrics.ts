import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import type { Exposition } from './exposition.ts'
import { labelsText } from './exposition.ts'

/** Coarse enough to cost nothing. */
const LAG_RESOLUTION_MS = 20

/** The process itself, under the names that Prometheus' client libraries give. */
export class ProcessMetrics {
  /** Measuring begins with the first page: without a Prometheus there is no timer. */
  #lag: ReturnType<typeof monitorEventLoopDelay> | null = null
  #utilization = performance.eventLoopUtilization()

  addTo(page: Exposition): void {
    const { user, system } = process.cpuUsage()
    const memory = process.memoryUsage()
    const add = (name: string, help: string, value: number): void => page.add(name, help, '', value)
    add('process_cpu_user_seconds_total', 'Processor time in user mode, in seconds, all threads.', user / 1e6)
    add('process_cpu_system_seconds_total', 'Processor time in the kernel, in seconds, all threads.', system / 1e6)
    add('process_cpu_seconds_total', 'Processor time in seconds, all threads.', (user + system) / 1e6)
    add('process_start_time_seconds', 'When the process began, in seconds since 1970.', performance.timeOrigin / 1000)
    add('process_resident_memory_bytes', 'Memory that the process has, in bytes.', memory.rss)
    add('nodejs_heap_size_total_bytes', 'Size of the JavaScript heap of the main thread.', memory.heapTotal)
    add('nodejs_heap_size_used_bytes', 'Used part of the JavaScript heap of the main thread.', memory.heapUsed)
    add('nodejs_external_memory_bytes', 'Memory outside of the JavaScript heap of the main thread.', memory.external)
    this.#addEventLoop(add)
    page.add('nodejs_version_info', 'Version of Node.js.', labelsText([['version', process.version]]), 1)
  }

  #addEventLoop(add: (name: string, help: string, value: number) => void): void {
    const before = this.#utilization
    this.#utilization = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(this.#utilization, before)
    add(
      'nodejs_eventloop_utilization',
      'Part of the time since the last page that the main thread worked.',
      utilization,
    )
    if (this.#lag === null) {
      this.#lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS })
      this.#lag.enable()
    }
    const lag = this.#lag
    const seconds = (nanoseconds: number): number => (lag.count === 0 ? 0 : nanoseconds / 1e9)
    // The histogram counts whole intervals, of which the lag is what is more than the resolution.
    const late = (nanoseconds: number): number => Math.max(0, seconds(nanoseconds) - LAG_RESOLUTION_MS / 1000)
    add('nodejs_eventloop_lag_seconds', 'Average lag of the main thread since the last page.', late(lag.mean))
    add('nodejs_eventloop_lag_max_seconds', 'Longest lag of the main thread since the last page.', late(lag.max))
    add('nodejs_eventloop_lag_p50_seconds', 'Median lag of the main thread.', late(lag.percentile(50)))
    add('nodejs_eventloop_lag_p90_seconds', '90th percentile of the lag of the main thread.', late(lag.percentile(90)))
    add('nodejs_eventloop_lag_p99_seconds', '99th percentile of the lag of the main thread.', late(lag.percentile(99)))
    lag.reset()
  }

  close(): void {
    this.#lag?.disable()
  }
}
