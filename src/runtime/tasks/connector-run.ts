import { DeadlineExceededError } from '../../base/deadline.ts'
import { presentable } from '../../base/thrown.ts'
import type { Logger } from '../../base/logger.ts'
import {
  ConnectError,
  type ConnectorContext,
  type ConnectorInstance,
  type SinkPlugin,
  type SourcePlugin,
  type TaskConfig,
} from '../../connect/index.ts'
import { traceOf } from '../errors/trace.ts'
import { PluginCallError, type PluginScope } from '../plugins/plugin-scope.ts'
import type { ConnectorState, TargetState, TaskRunnerListener } from '../task-runner.ts'
import { checkTasksMax, TooManyTasksError } from './tasks-max.ts'

export interface ConnectorRunOptions {
  readonly name: string
  readonly plugin: SourcePlugin | SinkPlugin
  /** As stored, references to configuration providers resolved. */
  readonly props: Readonly<Record<string, string>>
  readonly makeScope: (onStrayError: (error: unknown) => void) => PluginScope
  readonly listener: TaskRunnerListener
  readonly logger: Logger
  /** How long one call into the plugin may take, in milliseconds. */
  readonly callTimeoutMs: number
}

/** How long a connector instance has to stop before it is abandoned, in milliseconds. */
const STOP_TIMEOUT_MS = 5000

/** A connector: the instance that the plugin starts (if it has one), and its state. Operations run one after another. */
export class ConnectorRun {
  readonly name: string
  readonly #options: ConnectorRunOptions
  readonly #scope: PluginScope
  #state: ConnectorState | null = null
  #parsed: unknown = null
  #instance: ConnectorInstance | null = null
  #instanceAbort: AbortController | null = null
  #queue: Promise<unknown> = Promise.resolve()
  /** Its configuration is fine, so that it can be stopped even when it fails. */
  #isConfigured = false
  #stopped = false

  constructor(options: ConnectorRunOptions) {
    this.name = options.name
    this.#options = options
    this.#scope = options.makeScope((error) => this.#fail(error))
  }

  /** Rejects with what kept it from starting, after FAILED was reported. */
  start(target: TargetState): Promise<void> {
    return this.#inTurn(async () => {
      try {
        const { plugin, props } = this.#options
        this.#parsed = await this.#scope.call('config', () => plugin.config.parse(props), this.#options.callTimeoutMs)
        const errors = await this.#scope.call(
          'validate',
          () => plugin.validate?.(this.#parsed as never),
          this.#options.callTimeoutMs,
        )
        const faults = Object.entries(errors ?? {}).flatMap(([key, messages]) =>
          messages.map((message) => `${key}: ${message}`),
        )
        if (faults.length > 0)
          throw new ConnectError(`Connector "${this.name}" is configured wrongly: ${faults.join('; ')}`)
        this.#isConfigured = true
        await this.#enter(target)
      } catch (error) {
        this.#fail(error)
        throw error
      }
    })
  }

  /** A FAILED connector stays so until a restart or a new configuration, but one whose configuration is fine may be STOPPED. */
  setTargetState(target: TargetState): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#stopped || (this.#state === 'FAILED' && !(this.#isConfigured && target === 'STOPPED'))) return
      try {
        await this.#enter(target)
      } catch (error) {
        this.#fail(error)
      }
    })
  }

  async #enter(target: TargetState): Promise<void> {
    if (target === 'STARTED') {
      if (this.#state !== 'RUNNING') await this.#startInstance()
      this.#report('RUNNING')
    } else {
      await this.#stopInstance()
      this.#report(target)
    }
  }

  async #startInstance(): Promise<void> {
    const { plugin, callTimeoutMs } = this.#options
    if (plugin.startConnector === undefined) return
    const abort = new AbortController()
    this.#instanceAbort = abort
    try {
      this.#instance = await this.#scope.call(
        'startConnector',
        () => plugin.startConnector?.(this.#parsed as never, this.#context(abort.signal)) ?? null,
        callTimeoutMs,
      )
    } catch (error) {
      abort.abort()
      throw error
    }
  }

  #context(signal: AbortSignal): ConnectorContext {
    let isRequested = false
    return {
      connector: this.name,
      config: this.#options.props,
      logger: this.#options.logger.child({ logger: this.#options.plugin.class }),
      signal,
      requestTaskReconfiguration: () => {
        if (signal.aborted || isRequested) return
        // What changes until this code returns is in the answer to the first request, since the question comes later. One
        // that asks without an end must not bury who listens.
        isRequested = true
        setImmediate(() => {
          isRequested = false
        })
        this.#options.listener.taskReconfigurationRequested(this.name)
      },
      raiseError: (error) => {
        if (!signal.aborted) this.#fail(presentable(error))
      },
    }
  }

  /**
   * The task configurations it wants now, as text. Rejects when it cannot say: after FAILED was reported when they are too
   * many or it did not answer in time, else it goes on and may be asked again.
   */
  taskConfigs(maxTasks: number): Promise<Record<string, string>[]> {
    return this.#inTurn(async () => {
      const { plugin, props, callTimeoutMs } = this.#options
      if (this.#state !== 'RUNNING')
        throw new ConnectError(`Connector "${this.name}" is not running, so it cannot say what its tasks are`)
      try {
        const configs = await this.#scope.call(
          'taskConfigs',
          (): TaskConfig[] | Promise<TaskConfig[]> => {
            if (this.#instance) return this.#instance.taskConfigs(maxTasks)
            return plugin.taskConfigs?.(this.#parsed as never, maxTasks, props) ?? [props]
          },
          callTimeoutMs,
        )
        checkTasksMax(this.name, configs.length, props, this.#options.logger)
        return configs.map(asText)
      } catch (error) {
        if (isForGood(error)) this.#fail(error)
        throw error
      }
    })
  }

  stop(): Promise<void> {
    this.#stopped = true
    this.#instanceAbort?.abort()
    return this.#inTurn(async () => {
      await this.#stopInstance()
      this.#scope.close()
    })
  }

  async #stopInstance(): Promise<void> {
    this.#instanceAbort?.abort()
    const instance = this.#instance
    this.#instance = null
    if (instance?.stop === undefined) return
    try {
      await this.#scope.call('stop', () => instance.stop?.(), STOP_TIMEOUT_MS)
    } catch (error) {
      this.#options.logger.error(
        { connector: this.name, err: error },
        `Connector ${this.name} did not stop cleanly and is abandoned`,
      )
    }
  }

  #report(state: ConnectorState): void {
    this.#state = state
    if (!this.#stopped) this.#options.listener.connectorStatus(this.name, state, null)
  }

  /** The first failure counts; what comes of it, or is raised again and again, is not told. */
  #fail(error: unknown): void {
    if (this.#stopped || this.#state === 'FAILED') return
    this.#state = 'FAILED'
    this.#options.logger.error({ connector: this.name, err: error }, `Connector ${this.name} failed`)
    this.#options.listener.connectorStatus(this.name, 'FAILED', traceOf(error))
  }

  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(operation)
    this.#queue = result.catch(() => {})
    return result
  }
}

function isForGood(error: unknown): boolean {
  if (error instanceof TooManyTasksError) return true
  return error instanceof PluginCallError && error.cause instanceof DeadlineExceededError
}

/** Task configurations hold text: null and undefined are left out, everything else becomes text. */
function asText(config: TaskConfig): Record<string, string> {
  const text: Record<string, string> = {}
  for (const [key, value] of Object.entries(config)) {
    if (value === null || value === undefined) continue
    text[key] = typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | bigint | boolean)
  }
  return text
}
