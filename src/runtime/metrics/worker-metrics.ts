import type { ConnectGroup } from '../group/membership.ts'
import { taskKey } from '../group/work.ts'
import type { LocalWork, StartMeters } from '../herder/local-work.ts'
import type { PluginDirectory } from '../herder/plugin-directory.ts'
import type { ConfigState } from '../stores/config-state.ts'
import type { StatusStore } from '../stores/status-store.ts'
import type { ConnectorTaskId } from '../task-runner.ts'
import type { MetricGroup, MetricsSource } from './group.ts'
import { pluginTexts, type PluginTexts } from './plugin-texts.ts'
import { RebalanceMeter } from './rebalance-meter.ts'
import { sensorSettings } from './sensor-settings.ts'
import { StartupMeter } from './startup-meter.ts'
import type { ClientMeter } from './task-meter.ts'
import { clientGroups, type TaskMetrics, unpackTaskMetrics } from './task-metrics.ts'

/** The parts that metrics are read from, while the worker runs. */
export interface MetricParts {
  readonly local: LocalWork
  /** Null in standalone mode, where there is no group. */
  readonly group: ConnectGroup | null
}

export interface WorkerMetricsOptions {
  readonly version: string
  readonly commit: string
  readonly clientId: string
  /** Of the worker's own client. */
  readonly client: ClientMeter
  readonly workerProps: Readonly<Record<string, string>>
  readonly config: ConfigState
  readonly statuses: StatusStore
  readonly plugins: () => PluginDirectory
}

const protocolNames = ['EAGER', 'COMPATIBLE', 'SESSIONED'] as const
const taskStates = ['RUNNING', 'PAUSED', 'FAILED', 'UNASSIGNED', 'DESTROYED', 'RESTARTING'] as const

/** All of Kafka Connect's metrics of a worker, read when somebody asks. */
export class WorkerMetrics implements MetricsSource {
  /** Given to the parts that know when to count. */
  readonly starts: StartMeters
  readonly rebalances: RebalanceMeter
  readonly #options: WorkerMetricsOptions
  readonly #startedAt = Date.now()
  #parts: MetricParts | null = null

  constructor(options: WorkerMetricsOptions) {
    this.#options = options
    const sensors = sensorSettings(options.workerProps)
    this.starts = { connectors: new StartupMeter('connector', sensors), tasks: new StartupMeter('task', sensors) }
    this.rebalances = new RebalanceMeter(sensors)
  }

  /** The worker has begun to run. */
  use(parts: MetricParts): void {
    this.#parts = parts
  }

  async collect(): Promise<MetricGroup[]> {
    const { clientId, client, version, commit } = this.#options
    const tags = { 'client-id': clientId }
    const groups: MetricGroup[] = [
      connect('app-info', tags, { version, 'commit-id': commit, 'start-time-ms': this.#startedAt }),
      connect('connect-metrics', tags, client.values()),
    ]
    if (this.#parts === null) return groups
    const { local, group } = this.#parts
    // What a task says of itself is asked for first: the rest is then read at one moment.
    const tasks = await local.runner.taskMetrics()
    const { connectors, tasks: placed } = local.placed()
    groups.push(
      connect(
        'connect-worker-metrics',
        {},
        {
          'connector-count': connectors.length,
          'task-count': placed.length,
          ...this.starts.connectors.values(),
          ...this.starts.tasks.values(),
        },
      ),
    )
    if (group !== null) groups.push(...groupMetrics(group, tags))
    const texts = new TextCache(this.#options)
    for (const connector of connectors) groups.push(this.#connector(connector, texts))
    groups.push(...this.#taskCounts(placed))
    const silent = new Map(placed.map((id) => [taskKey(id), id]))
    for (const task of tasks) {
      if (!silent.delete(taskKey(task))) continue
      groups.push(...taskGroups(unpackTaskMetrics(task), texts.get(task.connector)))
    }
    for (const id of silent.values()) groups.push(this.#silentTask(id, texts))
    return groups
  }

  #connector(connector: string, texts: TextCache): MetricGroup {
    const status = this.#options.statuses.connector(connector)?.state ?? 'UNASSIGNED'
    return connect(
      'connector-metrics',
      { connector },
      {
        status: status.toLowerCase(),
        ...texts.get(connector).connector,
      },
    )
  }

  /** A task whose thread does not answer, or that failed with its thread: its status is known all the same. */
  #silentTask(id: ConnectorTaskId, texts: TextCache): MetricGroup {
    const status = this.#options.statuses.task(id)?.state ?? 'UNASSIGNED'
    const tags = { connector: id.connector, task: String(id.task) }
    return connect('connector-task-metrics', tags, { status: status.toLowerCase(), ...texts.get(id.connector).task })
  }

  /** By the statuses that REST shows. */
  #taskCounts(placed: readonly { connector: string; task: number }[]): MetricGroup[] {
    return [...Map.groupBy(placed, ({ connector }) => connector)].map(([connector, ids]) => {
      const states = ids.map((id) => this.#options.statuses.task(id)?.state ?? 'UNASSIGNED')
      const values: Record<string, number> = { 'connector-total-task-count': ids.length }
      for (const state of taskStates) {
        values[`connector-${state.toLowerCase()}-task-count`] = states.filter((one) => one === state).length
      }
      return connect('connect-worker-metrics', { connector }, values)
    })
  }
}

function groupMetrics(group: ConnectGroup, tags: Record<string, string>): MetricGroup[] {
  const { view, held } = group
  const rebalances = connect(
    'connect-worker-rebalance-metrics',
    {},
    {
      'leader-name': view?.leaderUrl ?? '',
      'connect-protocol': view === null ? '' : protocolNames[view.version],
      epoch: group.generation,
      ...group.meter.values(),
    },
  )
  const coordinator = connect('connect-coordinator-metrics', tags, {
    'assigned-connectors': held.connectors.length,
    'assigned-tasks': held.tasks.length,
    ...group.memberMetrics(),
  })
  return [rebalances, coordinator]
}

function taskGroups(metrics: TaskMetrics, texts: PluginTexts): MetricGroup[] {
  const { connector, kind, client } = metrics
  const tags = { connector, task: String(metrics.task) }
  const groups = [
    connect('connector-task-metrics', tags, { status: metrics.status, ...metrics.common, ...texts.task }),
    connect(`${kind}-task-metrics`, tags, metrics.own),
    connect('task-error-metrics', tags, metrics.errors),
    ...texts.transforms.map(([transform, values]) =>
      connect('connector-transform-metrics', { ...tags, transform }, values),
    ),
    ...texts.predicates.map(([predicate, values]) =>
      connect('connector-predicate-metrics', { ...tags, predicate }, values),
    ),
  ]
  if (client !== null) {
    const domain = kind === 'source' ? 'producer' : 'consumer'
    for (const type of clientGroups[kind])
      groups.push({ domain, type, tags: { 'client-id': client.id }, values: client.values })
  }
  return groups
}

function connect(
  type: string,
  tags: Readonly<Record<string, string>>,
  values: Readonly<Record<string, number | string>>,
): MetricGroup {
  return { domain: 'connect', type, tags, values }
}

/** Texts are worked out once a connector, however many tasks it has. */
class TextCache {
  readonly #options: WorkerMetricsOptions
  readonly #texts = new Map<string, PluginTexts>()

  constructor(options: WorkerMetricsOptions) {
    this.#options = options
  }

  get(connector: string): PluginTexts {
    const { config, workerProps, plugins } = this.#options
    let texts = this.#texts.get(connector)
    if (texts === undefined) {
      texts = pluginTexts(config.connectorConfig(connector) ?? {}, workerProps, plugins())
      this.#texts.set(connector, texts)
    }
    return texts
  }
}
