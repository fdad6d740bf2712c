import type { ConfigKeyDefinition } from '../../connect/index.ts'
import type { ConnectorTaskId, PluginType, TargetState, TaskCounters } from '../task-runner.ts'
import type { Properties } from '../stores/config-records.ts'
import type { Status } from '../stores/status-records.ts'
import type { ConnectorOffset, PartitionOffset } from './sink-offsets.ts'
import type { Stage } from './work-queue.ts'

/** Answers of the herder are the JSON that REST gives, field by field in Kafka Connect's order. */
export interface ConnectorInfo {
  readonly name: string
  readonly config: Properties
  readonly tasks: readonly ConnectorTaskId[]
  readonly type: ConnectorType
}

export type ConnectorType = 'source' | 'sink' | 'unknown'

export interface ConnectorStateInfo {
  readonly name: string
  readonly connector: StateEntry
  readonly tasks: readonly TaskStateEntry[]
  readonly type: ConnectorType
}

export interface StateEntry {
  readonly state: Status
  readonly worker_id: string
  readonly version: string | null
  readonly trace?: string
  /** Only for connectors with `errors.restart.limit`: automatic restarts; the next one in ms since the epoch, or null. */
  readonly restart?: { readonly count: number; readonly limit: number; readonly next_restart: number | null }
}

export interface TaskStateEntry extends StateEntry {
  readonly id: number
}

export interface TaskInfo {
  readonly id: ConnectorTaskId
  readonly config: Properties
}

export interface PluginInfo {
  readonly class: string
  readonly type: PluginType
  readonly version: string
}

/** A key of `GET /connector-plugins/{p}/config`. */
export interface ConfigKeyInfo {
  readonly name: string
  readonly type: ConfigKeyDefinition['type']
  readonly required: boolean
  readonly default_value: string | null
  readonly importance: string
  readonly documentation: string
  readonly group: string | null
  readonly order_in_group: number
  readonly width: string
  readonly display_name: string
  readonly dependents: readonly string[]
}

export interface ConfigValueInfo {
  readonly name: string
  readonly value: string | null
  readonly recommended_values: readonly string[]
  readonly errors: readonly string[]
  readonly visible: boolean
}

/** The answer of `PUT /connector-plugins/{p}/config/validate`. */
export interface ConfigInfos {
  readonly name: string
  readonly error_count: number
  readonly groups: readonly string[]
  readonly configs: readonly { readonly definition: ConfigKeyInfo | null; readonly value: ConfigValueInfo | null }[]
}

export interface ServerInfo {
  readonly version: string
  readonly commit: string
  readonly kafka_cluster_id: string
}

export interface Health {
  readonly status: 'healthy' | 'starting' | 'unhealthy'
  readonly message: string
  /** Running tasks of this worker that have not moved for `task.progress.timeout.ms`; only when there are some. */
  readonly stalled_tasks?: readonly StalledTaskEntry[]
}

export interface StalledTaskEntry {
  readonly connector: string
  readonly task: number
  readonly stalled_ms: number
  /** The plugin's function that does not return, null when the runtime itself waits. */
  readonly in: string | null
}

export type { ConnectorOffset }

/** The answer to a change of offsets. */
export interface OffsetsMessage {
  readonly message: string
}

/** A logger as `GET /admin/loggers` shows it; the time in ms since the epoch, null when it never changed. */
export interface LoggerLevel {
  readonly level: string
  readonly last_modified: number | null
}

export type LoggerScope = 'worker' | 'cluster'

/** Signature of an internal request over the exact bytes of its body; base64, with the algorithm's name. */
export interface RequestSignature {
  readonly signature: string | undefined
  readonly algorithm: string | undefined
  readonly body: Uint8Array
}

/**
 * What REST calls. Methods reject with the errors of `../errors.ts`; a `ForwardError` says that another worker must
 * be asked.
 */
export interface Herder {
  connectors(): Promise<string[]>
  connectorInfo(name: string): Promise<ConnectorInfo>
  connectorConfig(name: string): Promise<Properties>
  /** Validates, then creates or (with `allowReplace`) replaces. `initialState` only for new ones. */
  putConnector(
    name: string,
    config: Properties,
    options: { allowReplace: boolean; initialState?: TargetState | null },
  ): Promise<{ created: boolean; info: ConnectorInfo }>
  /** Null removes a key. */
  patchConnectorConfig(name: string, patch: Properties): Promise<ConnectorInfo>
  deleteConnector(name: string): Promise<void>
  connectorStatus(name: string): Promise<ConnectorStateInfo>
  taskStatus(id: ConnectorTaskId): Promise<TaskStateEntry>
  taskConfigs(name: string): Promise<TaskInfo[]>
  pauseConnector(name: string): Promise<void>
  resumeConnector(name: string): Promise<void>
  stopConnector(name: string): Promise<void>
  /** Null when both options are false: only the instance is restarted. Else what is going to restart. */
  restartConnector(
    name: string,
    options: { includeTasks: boolean; onlyFailed: boolean },
  ): Promise<ConnectorStateInfo | null>
  restartTask(id: ConnectorTaskId): Promise<void>
  activeTopics(name: string): Promise<string[]>
  resetActiveTopics(name: string): Promise<void>
  connectorOffsets(name: string): Promise<ConnectorOffset[]>
  /** For a stopped connector; null offsets are deleted (KIP-875). */
  alterOffsets(name: string, offsets: readonly PartitionOffset[]): Promise<OffsetsMessage>
  /** Deletes all offsets of a stopped connector. */
  resetOffsets(name: string): Promise<OffsetsMessage>
  plugins(connectorsOnly: boolean): Promise<PluginInfo[]>
  pluginConfig(plugin: string, version?: string | null): Promise<ConfigKeyInfo[]>
  validateConfig(plugin: string, config: Properties): Promise<ConfigInfos>
  /** Internal: the owner of a connector gives the leader its task configurations. */
  putTaskConfigs(name: string, configs: readonly Properties[], signature: RequestSignature): Promise<void>
  /** Internal: a task of an exactly-once source asks the leader to fence its predecessors. Signed over an empty body. */
  fenceZombies(name: string, signature: RequestSignature): Promise<void>
  /** The known loggers in the order of their names, but those that are OFF. */
  loggers(): Promise<Record<string, LoggerLevel>>
  loggerLevel(name: string): Promise<LoggerLevel>
  /**
   * Sets the level of a logger and of all below it; any case, blanks around it are no matter. On this worker: gives the
   * names whose level changed, in order. In the cluster: null, once all workers will learn of it.
   */
  setLoggerLevel(name: string, level: string, scope: LoggerScope): Promise<string[] | null>
  serverInfo(): Promise<ServerInfo>
  /** What can be said within the time. */
  health(timeoutMs: number): Promise<Health>
  /** Totals of the tasks on this worker, for metrics and progress displays. */
  counters(): Promise<TaskCounters[]>
  /** What the herder is doing, or did last. */
  stage(): Stage | null
}
