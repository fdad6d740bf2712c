import { withDeadline } from '../../base/deadline.ts'
import type { Consumer } from '../../client/index.ts'
import type { SinkTask, TopicPartitionOffset } from '../../connect/index.ts'
import type { PluginScope } from '../plugins/plugin-scope.ts'
import type { SinkOffsets } from './sink-offsets.ts'
import type { TaskEnvironment } from './task-environment.ts'

/**
 * Asks a sink task which of the delivered offsets `current` may be committed, and commits them. Failures are logged. False
 * when the task could not say (`preCommit` or `flush` threw): what it was given since the last commit may be lost to it.
 */
export async function commitDelivered(
  env: Pick<TaskEnvironment, 'scope' | 'logger' | 'config'>,
  task: SinkTask,
  consumer: Consumer,
  offsets: SinkOffsets,
  current: readonly TopicPartitionOffset[],
): Promise<boolean> {
  let asked: readonly TopicPartitionOffset[]
  try {
    asked = await preCommit(env.scope, task, current)
  } catch (error) {
    env.logger.error({ err: error }, 'The sink task could not say what may be committed')
    return false
  }
  const due = offsets.committable(asked)
  if (due.length === 0) return true
  try {
    await withDeadline(consumer.commit([...due]), env.config.offsetFlushTimeoutMs, 'Committing offsets')
    offsets.committed(due)
  } catch (error) {
    env.logger.error({ err: error }, 'Commit of offsets failed; the next commit tries again')
  }
  return true
}

async function preCommit(
  scope: PluginScope,
  task: SinkTask,
  current: readonly TopicPartitionOffset[],
): Promise<readonly TopicPartitionOffset[]> {
  if (task.preCommit !== undefined) return (await scope.call('preCommit', () => task.preCommit?.(current))) ?? []
  if (task.flush !== undefined) await scope.call('flush', () => task.flush?.(current))
  return current
}
