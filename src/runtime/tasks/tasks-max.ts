import type { Logger } from '../../base/logger.ts'
import { ConnectError } from '../../connect/index.ts'
import { booleanProp, numberProp, type Props } from './props.ts'

/** A connector wants more tasks than `tasks.max`, or has more from before. */
export class TooManyTasksError extends ConnectError {}

/**
 * Refuses more tasks than the connector may have with {@link TooManyTasksError}; where `tasks.max.enforce=false`, warns
 * instead (KIP-1004).
 */
export function checkTasksMax(connector: string, count: number, props: Props, logger: Logger): void {
  const most = numberProp(props, 'tasks.max', 1)
  if (count <= most) return
  const message = `The connector ${connector} has generated ${count} tasks, which is greater than ${most}, the maximum number of tasks it is configured to create.`
  if (booleanProp(props, 'tasks.max.enforce', true))
    throw new TooManyTasksError(`${message} Raise tasks.max, or set tasks.max.enforce=false.`)
  logger.warn({ connector }, message)
}
