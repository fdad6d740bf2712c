import type { TaskEnvironment } from '../tasks/task-environment.ts'
import { openDeadLetterQueue } from './dead-letter-queue.ts'
import type { ErrorHandler } from './error-handler.ts'
import { LogReporter } from './log-reporter.ts'

/** Tells a task's failures to its log and its dead letter topic, as the connector is configured. Rejects as the topic's opening. */
export async function openErrorReporters(errors: ErrorHandler, env: TaskEnvironment): Promise<void> {
  const { policy, counters } = errors
  if (policy.log) errors.addReporter(new LogReporter({ id: env.id, policy, logger: env.logger, counters }))
  if (policy.deadLetters !== null) {
    errors.addReporter(await openDeadLetterQueue(env, policy.deadLetters, counters))
  }
}
