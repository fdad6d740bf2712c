import type { SinkTask, SinkTaskContext } from 'millrace/connect'
import type { MockProps } from './config.ts'
import { failureTime, mockFailure } from './failure.ts'

/** Longest pause between calls of `put`, in milliseconds: often no record comes to wake the task. */
const WAKE_MS = 250

/** Starts a task that drops what it gets, and fails when its time has come. */
export function startMockSink(props: MockProps, context: SinkTaskContext): SinkTask {
  const failsAt = failureTime(props)
  const wakeLater = (): void => {
    const left = failsAt - performance.now()
    if (Number.isFinite(left)) context.timeout(Math.min(WAKE_MS, Math.max(0, Math.ceil(left))))
  }
  wakeLater()
  return {
    put() {
      if (performance.now() >= failsAt) throw mockFailure(props)
      wakeLater()
    },
  }
}
