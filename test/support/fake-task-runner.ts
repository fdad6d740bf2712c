import type { ClientOverrides, ConfigValue, ConfigValueErrors } from '../../src/connect/index.ts'
import { PluginCallError } from '../../src/runtime/plugins/plugin-scope.ts'
import type { PackedTaskMetrics } from '../../src/runtime/metrics/task-metrics.ts'
import type {
  ConnectorTaskId,
  PluginDescription,
  ProvidedValues,
  TargetState,
  StalledTask,
  TaskCounters,
  TaskRunner,
  TaskRunnerListener,
} from '../../src/runtime/task-runner.ts'

const topicKey = {
  name: 'topic',
  type: 'STRING',
  required: true,
  defaultValue: null,
  importance: 'HIGH',
  documentation: 'Where to.',
  group: null,
  orderInGroup: -1,
  width: 'NONE',
  displayName: 'topic',
  dependents: [],
  recommendedValues: [],
} as const

const passwordKey = { ...topicKey, name: 'secret.text', type: 'PASSWORD', required: false } as const

/** The plugins that a {@link FakeTaskRunner} claims to have. */
export const fakePlugins: readonly PluginDescription[] = [
  {
    class: 'fake.FakeSourceConnector',
    aliases: ['org.example.OldSourceConnector'],
    type: 'source',
    version: '1.2.3',
    summary: '',
    keys: [topicKey, passwordKey],
  },
  {
    class: 'fake.FakeSinkConnector',
    aliases: [],
    type: 'sink',
    version: '1.2.3',
    summary: '',
    keys: [{ ...topicKey, name: 'extra', required: false }],
  },
  {
    class: 'fake.Upper$Value',
    aliases: [],
    type: 'transformation',
    version: '1',
    summary: '',
    keys: [{ ...topicKey, name: 'field' }],
  },
  {
    class: 'fake.Upper$Key',
    aliases: [],
    type: 'transformation',
    version: '1',
    summary: '',
    keys: [{ ...topicKey, name: 'field' }],
  },
  { class: 'fake.Drop', aliases: [], type: 'transformation', version: '1', summary: '', keys: [] },
  { class: 'fake.IsOdd', aliases: [], type: 'predicate', version: '1', summary: '', keys: [] },
  {
    class: 'fake.TextConverter',
    aliases: [],
    type: 'converter',
    version: '1',
    summary: '',
    keys: [{ ...topicKey, name: 'encoding', required: false, defaultValue: 'utf-8' }],
  },
  { class: 'fake.TextConverter', aliases: [], type: 'header_converter', version: '1', summary: '', keys: [] },
]

/**
 * Runs nothing, but keeps the books of a task runner: what is started, with what, in which state. A connector makes
 * `tasks.max` tasks, or as many as its key `tasks.wanted` says; `fail=connector`, `fail=task` make starts fail, and with
 * `fail=task-making` a task is not even made.
 */
export class FakeTaskRunner implements TaskRunner {
  readonly listener: TaskRunnerListener
  readonly connectors = new Map<string, Readonly<Record<string, string>>>()
  readonly tasks = new Map<string, Readonly<Record<string, string>>>()
  /** Everything asked of it, e.g. `start c-0`. */
  readonly calls: string[] = []
  /** What it says of tasks that do not move. */
  stalled: readonly StalledTask[] = []

  constructor(listener: TaskRunnerListener) {
    this.listener = listener
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    this.connectors.clear()
    this.tasks.clear()
  }

  async plugins(): Promise<PluginDescription[]> {
    return [...fakePlugins]
  }

  async validateConnector(pluginClass: string, props: Readonly<Record<string, string | null>>): Promise<ConfigValue[]> {
    const keys = fakePlugins.find((plugin) => plugin.class === pluginClass)?.keys ?? []
    return keys.map((key) => {
      const value = props[key.name] ?? key.defaultValue
      const missing = key.required && value === null
      return {
        name: key.name,
        value: key.type === 'PASSWORD' && value !== null ? '[hidden]' : value,
        errors: missing ? [`Missing required configuration "${key.name}" which has no default value.`] : [],
        visible: true,
        recommendedValues: [],
      }
    })
  }

  /** Every key at every path has the value `<path>/<key>`, but those that begin with `no-`. */
  async readProvider(
    _class: string,
    params: Readonly<Record<string, string>>,
    path: string,
    keys: readonly string[],
  ): Promise<ProvidedValues> {
    this.calls.push(`read ${path}`)
    const known = keys.filter((key) => !key.startsWith('no-'))
    return {
      values: Object.fromEntries(known.map((key) => [key, `${path}/${key}`])),
      ttlMs: params['ttl'] === undefined ? null : Number(params['ttl']),
    }
  }

  /** Refuses settings that begin with `no.`. */
  async checkOverrides(
    _class: string,
    _worker: Readonly<Record<string, string>>,
    request: ClientOverrides,
  ): Promise<ConfigValueErrors> {
    const refused = Object.keys(request.settings).filter((name) => name.startsWith('no.'))
    return Object.fromEntries(refused.map((name) => [name, [`${request.client} may not have ${name}`]]))
  }

  async startConnector(name: string, props: Readonly<Record<string, string>>, target: TargetState): Promise<void> {
    this.calls.push(`start ${name}`)
    if (props['fail'] === 'connector') {
      const error = new Error(`cannot start with ${props['secret.text'] ?? 'nothing'}`)
      this.listener.connectorStatus(name, 'FAILED', `Error: ${error.message}`)
      throw error
    }
    this.connectors.set(name, props)
    this.listener.connectorStatus(name, target === 'STARTED' ? 'RUNNING' : target, null)
  }

  async stopConnector(name: string): Promise<void> {
    if (this.connectors.delete(name)) this.calls.push(`stop ${name}`)
  }

  async taskConfigs(name: string, maxTasks: number): Promise<Record<string, string>[]> {
    const props = this.connectors.get(name)
    if (props === undefined) throw new Error(`${name} does not run`)
    const count = Number(props['tasks.wanted'] ?? maxTasks)
    return Array.from({ length: count }, (_, task) => ({ topic: props['topic'] ?? '', part: String(task) }))
  }

  async startTask(
    id: ConnectorTaskId,
    connectorProps: Readonly<Record<string, string>>,
    taskProps: Readonly<Record<string, string>>,
    target: TargetState,
  ): Promise<void> {
    this.calls.push(`start ${id.connector}-${id.task}`)
    if (connectorProps['fail']?.startsWith('task') === true) {
      this.listener.taskStatus(id, 'FAILED', 'Error: task fails')
      const name = connectorProps['fail'] === 'task' ? PluginCallError.name : 'Error'
      throw Object.assign(new Error('task fails'), { name })
    }
    this.tasks.set(`${id.connector}-${id.task}`, taskProps)
    this.listener.taskStatus(id, target === 'STARTED' ? 'RUNNING' : 'PAUSED', null)
  }

  async stopTasks(ids: readonly ConnectorTaskId[]): Promise<void> {
    for (const { connector, task } of ids)
      if (this.tasks.delete(`${connector}-${task}`)) this.calls.push(`stop ${connector}-${task}`)
  }

  async setTargetState(name: string, target: TargetState): Promise<void> {
    if (this.connectors.has(name)) this.listener.connectorStatus(name, target === 'STARTED' ? 'RUNNING' : target, null)
    for (const key of this.tasks.keys()) {
      const at = key.lastIndexOf('-')
      if (key.slice(0, at) !== name) continue
      this.listener.taskStatus(
        { connector: name, task: Number(key.slice(at + 1)) },
        target === 'STARTED' ? 'RUNNING' : 'PAUSED',
        null,
      )
    }
  }

  async alterOffsets(): Promise<boolean> {
    return false
  }

  async stalledTasks(): Promise<StalledTask[]> {
    return [...this.stalled]
  }

  async taskMetrics(): Promise<PackedTaskMetrics[]> {
    return []
  }

  async counters(): Promise<TaskCounters[]> {
    return []
  }
}
