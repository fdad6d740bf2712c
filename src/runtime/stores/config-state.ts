import type { Work } from '../group/work.ts'
import type { ConnectorTaskId, TargetState } from '../task-runner.ts'
import type { ConfigRecord, Properties, SessionKey } from './config-records.ts'

/** What a record changed, for those who act on it. */
export type ConfigEvent =
  | { readonly type: 'connector-created' | 'connector-updated' | 'connector-removed'; readonly connector: string }
  | { readonly type: 'tasks-committed'; readonly connector: string }
  | { readonly type: 'target-state-changed'; readonly connector: string }
  | {
      readonly type: 'restart-requested'
      readonly connector: string
      readonly includeTasks: boolean
      readonly onlyFailed: boolean
    }
  | { readonly type: 'session-key-changed' }
  | { readonly type: 'logger-level-changed'; readonly logger: string; readonly level: string }

interface ConnectorEntry {
  properties: Properties
  /** The committed task set. */
  tasks: readonly Properties[]
  /** The buffered tasks did not cover the last commit: what the tasks are is unknown. */
  inconsistent: boolean
  /** Counts task sets; tasks of an older one must be restarted. */
  taskGeneration: number
  /** The connector's properties at the last commit; null before the first. */
  applied: Properties | null
}

/**
 * The cluster's configuration as the configuration topic tells it, record by record. A pure fold: it does no I/O, and
 * the same records give the same state on every worker.
 */
export class ConfigState {
  readonly #connectors = new Map<string, ConnectorEntry>()
  readonly #targetStates = new Map<string, TargetState>()
  readonly #bufferedTasks = new Map<string, Map<number, Properties>>()
  readonly #fencedTaskCounts = new Map<string, number>()
  #sessionKey: SessionKey | null = null
  #offset = 0

  /** Offset after the last record seen; 0 when there was none. */
  get offset(): number {
    return this.#offset
  }

  get sessionKey(): SessionKey | null {
    return this.#sessionKey
  }

  connectors(): string[] {
    return [...this.#connectors.keys()]
  }

  has(connector: string): boolean {
    return this.#connectors.has(connector)
  }

  /** As stored: with references to configuration providers, not with what they stand for. */
  connectorConfig(connector: string): Properties | null {
    return this.#connectors.get(connector)?.properties ?? null
  }

  targetState(connector: string): TargetState {
    return this.#targetStates.get(connector) ?? 'STARTED'
  }

  /** The committed task configurations; none when they are inconsistent. */
  taskConfigs(connector: string): readonly Properties[] {
    const entry = this.#connectors.get(connector)
    return entry === undefined || entry.inconsistent ? [] : entry.tasks
  }

  taskConfig(id: ConnectorTaskId): Properties | null {
    return this.taskConfigs(id.connector)[id.task] ?? null
  }

  taskGeneration(connector: string): number {
    return this.#connectors.get(connector)?.taskGeneration ?? 0
  }

  /** The connector's properties that the committed tasks were made from; null when there was no commit yet. */
  appliedConnectorConfig(connector: string): Properties | null {
    return this.#connectors.get(connector)?.applied ?? null
  }

  /** Tasks of the last fenced generation (exactly-once), or null. */
  fencedTaskCount(connector: string): number | null {
    return this.#fencedTaskCounts.get(connector) ?? null
  }

  /** Everything that is to run somewhere. */
  configured(): Work {
    const connectors = this.connectors()
    const tasks = connectors.flatMap((connector) =>
      this.taskConfigs(connector).map((_props, task) => ({ connector, task })),
    )
    return { connectors, tasks }
  }

  /** Notes that everything before `offset` was seen, also records that could not be decoded. */
  advance(offset: number): void {
    this.#offset = offset
  }

  apply(record: ConfigRecord): ConfigEvent | null {
    switch (record.type) {
      case 'connector':
        return this.#applyConnector(record.connector, record.properties)
      case 'task': {
        const buffered = this.#bufferedTasks.get(record.id.connector) ?? new Map<number, Properties>()
        buffered.set(record.id.task, record.properties)
        this.#bufferedTasks.set(record.id.connector, buffered)
        return null
      }
      case 'commit':
        return this.#applyCommit(record.connector, record.tasks)
      case 'target-state':
        return this.#applyTargetState(record.connector, record.state)
      case 'fencing':
        this.#fencedTaskCounts.set(record.connector, record.tasks)
        return null
      case 'session-key':
        this.#sessionKey = record.sessionKey
        return { type: 'session-key-changed' }
      case 'restart': {
        const { connector, includeTasks, onlyFailed } = record
        return { type: 'restart-requested', connector, includeTasks, onlyFailed }
      }
      case 'logger':
        return { type: 'logger-level-changed', logger: record.logger, level: record.level }
    }
  }

  #applyConnector(connector: string, properties: Properties | null): ConfigEvent | null {
    const entry = this.#connectors.get(connector)
    if (properties === null) {
      this.#connectors.delete(connector)
      this.#bufferedTasks.delete(connector)
      return entry === undefined ? null : { type: 'connector-removed', connector }
    }
    if (!this.#targetStates.has(connector)) this.#targetStates.set(connector, 'STARTED')
    if (entry !== undefined) {
      entry.properties = properties
      return { type: 'connector-updated', connector }
    }
    this.#connectors.set(connector, { properties, tasks: [], inconsistent: false, taskGeneration: 0, applied: null })
    return { type: 'connector-created', connector }
  }

  #applyCommit(connector: string, count: number): ConfigEvent | null {
    const entry = this.#connectors.get(connector)
    const buffered = this.#bufferedTasks.get(connector) ?? new Map<number, Properties>()
    this.#bufferedTasks.delete(connector)
    if (entry === undefined) return null
    const tasks = Array.from({ length: count }, (_, task) => buffered.get(task))
    entry.inconsistent = tasks.includes(undefined)
    if (entry.inconsistent) return { type: 'tasks-committed', connector }
    entry.tasks = tasks as Properties[]
    entry.applied = entry.properties
    if (buffered.size > 0) entry.taskGeneration++
    return { type: 'tasks-committed', connector }
  }

  #applyTargetState(connector: string, state: TargetState | null): ConfigEvent | null {
    if (state === null) {
      this.#targetStates.delete(connector)
      return null
    }
    const before = this.#targetStates.get(connector)
    this.#targetStates.set(connector, state)
    return this.#connectors.has(connector) && before !== state ? { type: 'target-state-changed', connector } : null
  }
}
