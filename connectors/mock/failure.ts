import { ConnectError, type ConnectorContext, type ConnectorInstance } from 'millrace/connect'
import type { MockProps } from './config.ts'

/** What both mock connectors are: one task, and a failure after a while if that is their mode. */
export function startMockConnector(props: MockProps, context: ConnectorContext): ConnectorInstance {
  const timer =
    props.mock_mode === 'connector-failure'
      ? setTimeout(() => context.raiseError(mockFailure(props)), Math.max(0, props.delay_ms))
      : undefined
  return {
    taskConfigs: () => [context.config],
    stop: () => clearTimeout(timer),
  }
}

/** The failure that was asked for. */
export function mockFailure({ mock_mode: mode, delay_ms: delayMs }: MockProps): ConnectError {
  return new ConnectError(`Failing ${delayMs} ms after the start, because mock_mode is ${mode ?? 'null'}`)
}

/** When a task that just starts is to fail, on the clock of `performance.now()`; never without that mode. */
export function failureTime({ mock_mode: mode, delay_ms: delayMs }: MockProps): number {
  return mode === 'task-failure' ? performance.now() + delayMs : Number.POSITIVE_INFINITY
}
