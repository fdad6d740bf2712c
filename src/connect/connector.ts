import type { ConfigDeclaration, ConfigValueErrors } from './config/declaration.ts'
import type { SourceOffset, SourcePartition } from './records.ts'

/** What a plugin may log through: structured fields first, the sentence second. Never pass configuration values. */
export interface PluginLogger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** What every plugin says of itself. */
export interface PluginIdentity {
  /** Full class name as users write it in `connector.class` and the like. */
  readonly class: string
  /** Other full class names that mean the same plugin (the Java classes that it replaces). */
  readonly aliases?: readonly string[]
  readonly version: string
  /** One sentence for lists and documentation. */
  readonly summary: string
}

/** Given to a connector instance. */
export interface ConnectorContext {
  readonly connector: string
  /** The configuration as the user wrote it, references resolved: what a task configuration usually starts from. */
  readonly config: Readonly<Record<string, string>>
  readonly logger: PluginLogger
  /** Aborted when the connector is to stop. */
  readonly signal: AbortSignal
  /** Ask the runtime to call `taskConfigs` again, because what there is to do has changed. */
  requestTaskReconfiguration(): void
  /** Fail the connector from outside a call, e.g. from a timer. */
  raiseError(error: Error): void
}

/** A running connector: decides how the work splits into tasks, and may watch the source for changes. */
export interface ConnectorInstance {
  /** At most `maxTasks` task configurations; none means nothing to do now. Values are turned into strings. */
  taskConfigs(maxTasks: number): TaskConfig[] | Promise<TaskConfig[]>
  stop?(): void | Promise<void>
}

/** A task's configuration: plain keys and scalar values; stored as strings. */
export type TaskConfig = Readonly<Record<string, unknown>>

/** What source and sink connectors declare alike. `P` is the type of the parsed configuration. */
export interface ConnectorDeclaration<P> extends PluginIdentity {
  readonly config: ConfigDeclaration<P>
  /** Checks across keys, after each key was found good; gives the messages of the faulty ones. Must not do I/O. */
  validate?(props: P): ConfigValueErrors | undefined
  /**
   * How the work splits, for connectors without a life of their own. `raw` is the configuration as the user wrote it,
   * which is what a task usually gets. Default: one task with the connector's configuration.
   */
  taskConfigs?(props: P, maxTasks: number, raw: Readonly<Record<string, string>>): TaskConfig[]
  /** For connectors that watch something while they run; then `taskConfigs` above is not used. */
  startConnector?(props: P, context: ConnectorContext): ConnectorInstance | Promise<ConnectorInstance>
  /**
   * Called before offsets are altered or reset over REST (KIP-875), with null for each offset to remove. A user may also
   * have given null for a partition.
   * True: also done outside Connect; false or absent: the runtime changes only the offsets that it keeps.
   */
  alterOffsets?(
    props: P,
    offsets: readonly { partition: SourcePartition | null; offset: SourceOffset | null }[],
  ): boolean | Promise<boolean>
}
