import type { PackedTaskMetrics } from './metrics/task-metrics.ts'
import type {
  ClientOverrides,
  ConfigKeyDefinition,
  ConfigValue,
  ConfigValueErrors,
  SourceOffset,
  SourcePartition,
} from '../connect/index.ts'

/**
 * The seam between the herder (what runs where, and in which state) and the task threads (running it).
 * Everything that crosses it is plain data. Plugin code never runs on the main thread.
 */
export interface TaskRunner {
  start(): Promise<void>
  /** Stops everything that runs, gracefully within `task.shutdown.graceful.timeout.ms`, then the threads. */
  stop(): Promise<void>
  /** Every plugin found, bundled and from `plugin.path`. */
  plugins(): Promise<PluginDescription[]>
  /**
   * Runs a plugin's own validation in a thread, with a deadline: a value for each declared key. `pluginClass` is the
   * full class name of any kind of plugin; `props` are its own keys (for a transform: without the prefix), references
   * to configuration providers resolved.
   */
  validateConnector(
    pluginClass: string,
    props: Readonly<Record<string, string | null>>,
    choice?: PluginChoice,
  ): Promise<ConfigValue[]>
  /**
   * Asks a configuration provider that is a plugin. `params` are its `config.providers.<alias>.param.*`; the same
   * provider instance answers as long as they do not change and its thread lives.
   */
  readProvider(
    pluginClass: string,
    params: Readonly<Record<string, string>>,
    path: string,
    keys: readonly string[],
  ): Promise<ProvidedValues>
  /** Asks an override policy that is a plugin what is wrong with client settings: messages by setting, without prefix. */
  checkOverrides(
    pluginClass: string,
    workerProps: Readonly<Record<string, string>>,
    request: ClientOverrides,
  ): Promise<ConfigValueErrors>
  /** Starts the connector instance. Rejects with the failure, and reports FAILED as well. */
  startConnector(name: string, props: Readonly<Record<string, string>>, target: TargetState): Promise<void>
  /** Resolves when it has stopped or its deadline passed; does nothing when it is not here. */
  stopConnector(name: string): Promise<void>
  /** The task configurations that the running connector instance wants, as strings. Rejects when it fails. */
  taskConfigs(name: string, maxTasks: number): Promise<Record<string, string>[]>
  /** Starts a task. Rejects with the failure, and reports FAILED as well. */
  startTask(
    id: ConnectorTaskId,
    connectorProps: Readonly<Record<string, string>>,
    taskProps: Readonly<Record<string, string>>,
    target: TargetState,
  ): Promise<void>
  /** Graceful within `task.shutdown.graceful.timeout.ms` (for all of them together), then cancelled. */
  stopTasks(ids: readonly ConnectorTaskId[]): Promise<void>
  /** Moves a connector and its tasks, as far as they are here, to a state; each reports its new status. */
  setTargetState(name: string, target: TargetState): Promise<void>
  /** The plugin's `alterOffsets` hook: true when it changed offsets outside Connect; false also when it has no hook. */
  alterOffsets(
    pluginClass: string,
    props: Readonly<Record<string, string>>,
    offsets: readonly { partition: SourcePartition | null; offset: SourceOffset | null }[],
  ): Promise<boolean>
  /** The running tasks here that have neither begun nor ended a call into their plugin for `limitMs`. */
  stalledTasks(limitMs: number): Promise<StalledTask[]>
  /** Running totals of the tasks here. */
  counters(): Promise<TaskCounters[]>
  /** Metrics of the tasks here, failed ones included. */
  taskMetrics(): Promise<PackedTaskMetrics[]>
}

/** Called by the runner for what happens by itself or as the effect of a call; must not throw. */
export interface TaskRunnerListener {
  connectorStatus(connector: string, state: ConnectorState, trace: string | null): void
  taskStatus(id: ConnectorTaskId, state: TaskState, trace: string | null): void
  taskReconfigurationRequested(connector: string): void
  topicUsed(connector: string, task: number, topic: string): void
}

export interface ConnectorTaskId {
  readonly connector: string
  readonly task: number
}

/** What the user wants of a connector. */
export type TargetState = 'STARTED' | 'PAUSED' | 'STOPPED'

/** States that the runner reports. */
export type ConnectorState = 'RUNNING' | 'PAUSED' | 'STOPPED' | 'FAILED'
export type TaskState = 'RUNNING' | 'PAUSED' | 'FAILED'

/** The last two are never listed to users. */
export type PluginType =
  | 'source'
  | 'sink'
  | 'transformation'
  | 'predicate'
  | 'converter'
  | 'header_converter'
  | 'config_provider'
  | 'connector_client_config_override_policy'
  | 'rest_extension'

/** Which of several plugins of one class is meant; what is left out may be any. */
export interface PluginChoice {
  readonly type?: PluginType
  readonly version?: string
}

/** What a configuration provider says of a path. */
export interface ProvidedValues {
  /** Those of the keys that were asked for which it knows. */
  readonly values: Readonly<Record<string, string>>
  /** After this many milliseconds they are to be read anew; null: never. */
  readonly ttlMs: number | null
}

/** A plugin as lists, forms and validation see it. */
export interface PluginDescription {
  readonly class: string
  readonly aliases: readonly string[]
  readonly type: PluginType
  readonly version: string
  readonly summary: string
  /** Its own configuration keys, in the order of declaration. */
  readonly keys: readonly ConfigKeyDefinition[]
}

/** A task that is RUNNING and does not move. */
export interface StalledTask {
  readonly connector: string
  readonly task: number
  /** For how long, in milliseconds. */
  readonly forMs: number
  /** The plugin's function that does not return, or asks to be called again and again; null when the runtime itself waits, e.g. for the brokers. */
  readonly hook: string | null
}

/** Totals since the task started. Sources count polled and written, sinks read and sent. */
export interface TaskCounters {
  readonly connector: string
  readonly task: number
  readonly recordsPolled: number
  readonly recordsWritten: number
  readonly recordsRead: number
  readonly recordsSent: number
}
