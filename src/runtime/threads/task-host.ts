import type { Logger } from '../../base/logger.ts'
import {
  ConnectError,
  isConnectError,
  type ConfigValue,
  type ConfigValueErrors,
  type SinkPlugin,
  type SourceOffset,
  type SourcePartition,
  type SourcePlugin,
} from '../../connect/index.ts'
import { traceOf } from '../errors/trace.ts'
import { type PackedTaskMetrics, packTaskMetrics } from '../metrics/task-metrics.ts'
import { loggerNames } from '../logger-names.ts'
import { CallMarker } from '../plugins/call-marker.ts'
import { loadPlugins } from '../plugins/load-plugins.ts'
import type { Plugin } from '../plugins/plugin.ts'
import type { PluginRegistry } from '../plugins/plugin-registry.ts'
import { PluginCallError, PluginScope } from '../plugins/plugin-scope.ts'
import type { ScopeOwner } from '../plugins/scope-owner.ts'
import { ServicePlugins } from '../plugins/service-plugins.ts'
import type {
  ConnectorTaskId,
  PluginChoice,
  PluginDescription,
  ProvidedValues,
  StalledTask,
  TargetState,
  TaskCounters,
  TaskRunner,
  TaskRunnerListener,
} from '../task-runner.ts'
import { ConnectorRun } from '../tasks/connector-run.ts'
import { createTaskLoop } from '../tasks/create-task-loop.ts'
import { type OffsetStore, OffsetStores } from '../tasks/offset-stores.ts'
import { TaskControl } from '../tasks/task-control.ts'
import { stopRuns, TaskRun } from '../tasks/task-run.ts'
import { TopicCreationRules } from '../tasks/topic-creation.ts'
import type { WorkerConfig } from '../worker-config.ts'
import { connectorKey, taskKey } from './placement-keys.ts'
import { threadSettings } from './thread-settings.ts'

export interface TaskHostOptions {
  readonly config: WorkerConfig
  readonly listener: TaskRunnerListener
  readonly logger: Logger
  /** Default: bundled plugins and those of `plugin.path`, loaded when first needed. */
  readonly registry?: PluginRegistry
  /** Default: calls are not watched. */
  readonly marker?: CallMarker
  /** Plugin modules (absolute paths) that hung a thread before and are left out. */
  readonly excludedModules?: readonly string[]
  /** Told when the bundled plugins were loaded: from then on what runs may be somebody else's code. */
  readonly onBundled?: () => void
  /** Told which plugin module is being loaded, null when none is. */
  readonly onLoading?: (file: string | null) => void
  /** Takes the place of the offsets topic. */
  readonly offsets?: OffsetStore | null
}

/** A start that may still wait for plugins: what it is to become can change until then. */
interface Start {
  readonly connector: string
  target: TargetState
}

/**
 * Runs connectors and tasks in the present thread: what a task thread is made of, and of use without threads in tests.
 * One host per thread.
 */
export class TaskHost {
  readonly #options: TaskHostOptions
  readonly #marker: CallMarker
  readonly #callTimeoutMs: number
  readonly #offsets: OffsetStores
  readonly #connectors = new Map<string, ConnectorRun>()
  readonly #tasks = new Map<string, TaskRun>()
  /** The last start of each connector and task that was not stopped since: another one must not come as far as a run. */
  readonly #starts = new Map<string, Start>()
  readonly #services: ServicePlugins
  #registry: Promise<PluginRegistry> | null

  constructor(options: TaskHostOptions) {
    this.#options = options
    this.#marker = options.marker ?? CallMarker.unobserved()
    this.#callTimeoutMs = threadSettings(options.config).pluginCallTimeoutMs
    this.#registry = options.registry ? Promise.resolve(options.registry) : null
    this.#services = new ServicePlugins({
      registry: () => this.#plugins(),
      withScope: (plugin, work) => this.#withPluginScope(plugin, work),
      callTimeoutMs: this.#callTimeoutMs,
    })
    this.#offsets = new OffsetStores(options.config, options.logger, options.offsets ?? null)
  }

  #plugins(): Promise<PluginRegistry> {
    const { config, logger, excludedModules, onBundled, onLoading } = this.#options
    this.#registry ??= loadPlugins({ pluginPath: config.pluginPath, logger, excludedModules, onBundled, onLoading })
    return this.#registry
  }

  async plugins(): Promise<PluginDescription[]> {
    return (await this.#plugins()).descriptions()
  }

  /** See `TaskRunner.validateConnector`. */
  async validateConnector(
    pluginClass: string,
    props: Readonly<Record<string, string | null>>,
    choice: PluginChoice = {},
  ): Promise<ConfigValue[]> {
    const plugin = await this.#anyPlugin(pluginClass, choice)
    return this.#withPluginScope(plugin, async (scope) => {
      const values = await scope.call('config.validate', () => plugin.config.validate(props), this.#callTimeoutMs)
      if ((plugin.kind !== 'source' && plugin.kind !== 'sink') || plugin.validate === undefined) return values
      if (values.some((value) => value.errors.length > 0)) return values
      const faults = await scope.call(
        'validate',
        () => plugin.validate?.(plugin.config.parse(props) as never),
        this.#callTimeoutMs,
      )
      return faults === undefined ? values : withFaults(values, faults)
    })
  }

  /** See `TaskRunner.readProvider`. */
  readProvider(...args: Parameters<TaskRunner['readProvider']>): Promise<ProvidedValues> {
    return this.#services.readProvider(...args)
  }

  /** See `TaskRunner.checkOverrides`. */
  checkOverrides(...args: Parameters<TaskRunner['checkOverrides']>): Promise<ConfigValueErrors> {
    return this.#services.checkOverrides(...args)
  }

  async startConnector(name: string, props: Readonly<Record<string, string>>, target: TargetState): Promise<void> {
    const start = this.#begin(connectorKey(name), name, target)
    const isCurrent = (): boolean => this.#starts.get(connectorKey(name)) === start
    await this.#stopConnectorRun(name)
    let run: ConnectorRun
    try {
      const plugin = await this.#connectorPlugin(props)
      if (!isCurrent()) return
      // The tasks need these; better that the connector fails than each of them.
      if (plugin.kind === 'source') TopicCreationRules.fromProps(props, this.#options.config.topicCreationEnable)
      run = new ConnectorRun({
        name,
        plugin,
        props,
        makeScope: (onStrayError) =>
          this.#scope({ kind: 'connector', name, task: null, pluginClass: plugin.class }, onStrayError),
        listener: this.#options.listener,
        logger: this.#options.logger.child({ logger: loggerNames.connector, connector: name }),
        callTimeoutMs: this.#callTimeoutMs,
      })
    } catch (error) {
      if (isCurrent()) this.#options.listener.connectorStatus(name, 'FAILED', traceOf(error))
      throw error
    }
    this.#connectors.set(name, run)
    await run.start(start.target)
  }

  stopConnector(name: string): Promise<void> {
    this.#starts.delete(connectorKey(name))
    return this.#stopConnectorRun(name)
  }

  async #stopConnectorRun(name: string): Promise<void> {
    const run = this.#connectors.get(name)
    this.#connectors.delete(name)
    await run?.stop()
  }

  async taskConfigs(name: string, maxTasks: number): Promise<Record<string, string>[]> {
    const run = this.#connectors.get(name)
    if (run === undefined) throw new ConnectError(`Connector ${name} does not run here`)
    return run.taskConfigs(maxTasks)
  }

  async startTask(
    id: ConnectorTaskId,
    connectorProps: Readonly<Record<string, string>>,
    taskProps: Readonly<Record<string, string>>,
    target: TargetState,
  ): Promise<void> {
    const key = taskKey(id)
    const start = this.#begin(key, id.connector, target)
    const isCurrent = (): boolean => this.#starts.get(key) === start
    await this.#stopTaskRuns([id])
    let run: TaskRun
    let scope: PluginScope
    try {
      const registry = await this.#plugins()
      const plugin = await this.#connectorPlugin(connectorProps)
      await this.#services.requireAllowed(this.#options.config, connectorProps, {
        connector: id.connector,
        connectorClass: plugin.class,
        connectorType: plugin.kind,
      })
      if (!isCurrent()) return
      const control = new TaskControl(start.target === 'PAUSED')
      const logger = this.#options.logger.child({
        logger: plugin.kind === 'source' ? loggerNames.sourceTask : loggerNames.sinkTask,
        connector: id.connector,
        task: id.task,
      })
      scope = this.#scope({ kind: 'task', name: id.connector, task: id.task, pluginClass: plugin.class }, (error) => {
        logger.error({ err: error }, 'An error that nobody waited for came from the task')
        control.fail(error)
      })
      const loop = createTaskLoop(plugin, {
        id,
        connectorProps,
        taskProps,
        config: this.#options.config,
        registry,
        scope,
        control,
        listener: this.#options.listener,
        logger,
        offsets: this.#offsets,
        callTimeoutMs: this.#callTimeoutMs,
      })
      run = new TaskRun({ id, control, scope, loop, listener: this.#options.listener, logger })
    } catch (error) {
      if (isCurrent()) this.#options.listener.taskStatus(id, 'FAILED', traceOf(error))
      throw error
    }
    this.#tasks.set(key, run)
    // The whole run belongs to the task, so that whatever its transforms and converters do is known to be its own.
    await scope.run('run', () => run.start())
  }

  stopTasks(ids: readonly ConnectorTaskId[]): Promise<void> {
    for (const id of ids) this.#starts.delete(taskKey(id))
    return this.#stopTaskRuns(ids)
  }

  async #stopTaskRuns(ids: readonly ConnectorTaskId[]): Promise<void> {
    const runs: TaskRun[] = []
    for (const id of ids) {
      const run = this.#tasks.get(taskKey(id))
      if (run) runs.push(run)
    }
    await stopRuns(runs, this.#options.config.taskShutdownGracefulTimeoutMs, this.#options.logger)
    for (const run of runs) {
      if (this.#tasks.get(taskKey(run.id)) === run) this.#tasks.delete(taskKey(run.id))
    }
  }

  async setTargetState(name: string, target: TargetState): Promise<void> {
    for (const start of this.#starts.values()) if (start.connector === name) start.target = target
    for (const run of this.#tasks.values()) if (run.id.connector === name) run.setTargetState(target)
    await this.#connectors.get(name)?.setTargetState(target)
  }

  /** See `TaskRunner.alterOffsets`. */
  async alterOffsets(
    pluginClass: string,
    props: Readonly<Record<string, string>>,
    offsets: readonly { partition: SourcePartition | null; offset: SourceOffset | null }[],
  ): Promise<boolean> {
    const plugin = (await this.#plugins()).resolve(pluginClass, ['source', 'sink'], props['connector.plugin.version'])
    if (plugin.alterOffsets === undefined) return false
    return this.#withPluginScope(plugin, async (scope) => {
      try {
        return await scope.call(
          'alterOffsets',
          () => plugin.alterOffsets?.(plugin.config.parse(props) as never, offsets) ?? false,
          this.#callTimeoutMs,
        )
      } catch (error) {
        // What the plugin says of the offsets is the answer to the user's request.
        throw error instanceof PluginCallError && isConnectError(error.cause) ? error.cause : error
      }
    })
  }

  /** See `TaskRunner.stalledTasks`. */
  stalledTasks(limitMs: number): StalledTask[] {
    const now = performance.now()
    const stalled: StalledTask[] = []
    for (const run of this.#tasks.values()) {
      if (run.control.paused || run.control.stopping) continue
      const { progress } = run.scope
      const { standstill } = run.loop
      const { hook, at } = standstill !== null && standstill.at < progress.at ? standstill : progress
      if (now - at >= limitMs) stalled.push({ ...run.id, forMs: Math.round(now - at), hook })
    }
    return stalled
  }

  taskMetrics(): PackedTaskMetrics[] {
    return [...this.#tasks.values()].map((run) => packTaskMetrics(run.loop.meter.snapshot()))
  }

  counters(): TaskCounters[] {
    return [...this.#tasks.values()].map((run) => run.loop.counters())
  }

  /** Stops everything, tasks gracefully within their deadline. */
  async close(): Promise<void> {
    this.#starts.clear()
    await this.stopTasks([...this.#tasks.values()].map((run) => run.id))
    await Promise.all([...this.#connectors.keys()].map((name) => this.stopConnector(name)))
    await this.#services.close()
    await this.#offsets.close()
  }

  #begin(key: string, connector: string, target: TargetState): Start {
    const start = { connector, target }
    this.#starts.set(key, start)
    return start
  }

  #scope(owner: ScopeOwner, onStrayError: (error: unknown) => void): PluginScope {
    return new PluginScope(owner, this.#marker, onStrayError)
  }

  async #withPluginScope<T>(plugin: Plugin, work: (scope: PluginScope) => Promise<T>): Promise<T> {
    const owner: ScopeOwner = { kind: 'plugin', name: plugin.class, task: null, pluginClass: plugin.class }
    const scope = this.#scope(owner, (error) =>
      this.#options.logger.error({ err: error }, `Stray error of plugin ${plugin.class}`),
    )
    try {
      return await work(scope)
    } finally {
      scope.close()
    }
  }

  async #anyPlugin(pluginClass: string, choice: PluginChoice): Promise<Plugin> {
    const registry = await this.#plugins()
    const kinds = ['source', 'sink', 'transformation', 'predicate', 'converter', 'header_converter'] as const
    return (
      registry.exact(pluginClass, choice) ??
      registry.find(pluginClass, kinds)[0] ??
      registry.resolve(pluginClass, ['source', 'sink'])
    )
  }

  async #connectorPlugin(props: Readonly<Record<string, string>>): Promise<SourcePlugin | SinkPlugin> {
    const name = props['connector.class']
    if (name === undefined) throw new ConnectError('The connector configuration has no connector.class')
    return (await this.#plugins()).resolve(name, ['source', 'sink'], props['connector.plugin.version'])
  }
}

function withFaults(
  values: readonly ConfigValue[],
  faults: Readonly<Record<string, readonly string[]>>,
): ConfigValue[] {
  const known = new Set(values.map((value) => value.name))
  const merged = values.map((value) => ({ ...value, errors: [...value.errors, ...(faults[value.name] ?? [])] }))
  for (const [name, errors] of Object.entries(faults)) {
    if (!known.has(name)) merged.push({ name, value: null, errors: [...errors], visible: true, recommendedValues: [] })
  }
  return merged
}
