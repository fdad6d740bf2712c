import type { Logger } from '../../base/logger.ts'
import type { PluginRegistry } from '../plugins/plugin-registry.ts'
import type { PluginScope } from '../plugins/plugin-scope.ts'
import type { ConnectorTaskId, TaskRunnerListener } from '../task-runner.ts'
import type { WorkerConfig } from '../worker-config.ts'
import type { OffsetStores } from './offset-stores.ts'
import type { TaskControl } from './task-control.ts'

/** All that a task has around it. */
export interface TaskEnvironment {
  readonly id: ConnectorTaskId
  readonly connectorProps: Readonly<Record<string, string>>
  readonly taskProps: Readonly<Record<string, string>>
  readonly config: WorkerConfig
  readonly registry: PluginRegistry
  readonly scope: PluginScope
  readonly control: TaskControl
  readonly listener: TaskRunnerListener
  readonly logger: Logger
  readonly offsets: OffsetStores
  /** How long a call into the plugin other than `poll` and `put` may take, in milliseconds. */
  readonly callTimeoutMs: number
}
