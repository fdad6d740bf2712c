import type { SourceTask, SourceTaskContext } from 'millrace/connect'
import type { MockProps } from './config.ts'
import { failureTime, mockFailure } from './failure.ts'

/** Longest pause between polls, in milliseconds. */
const IDLE_MS = 1000

/** Starts a task without records, which fails when its time has come. */
export function startMockSource(props: MockProps, context: SourceTaskContext): SourceTask {
  const failsAt = failureTime(props)
  return {
    async poll() {
      const left = failsAt - performance.now()
      if (left <= 0) throw mockFailure(props)
      return context.idle(Math.min(IDLE_MS, Math.ceil(left)))
    },
  }
}
