import type { Logger } from '../../base/logger.ts'
import { pause, withDeadline } from '../../base/deadline.ts'
import { ShutdownError } from '../errors.ts'
import type { TargetState } from '../task-runner.ts'
import type { InternalTopicConfig } from '../worker-config.ts'
import {
  type ConfigRecord,
  decodeConfigRecord,
  encodeConfigRecord,
  type Properties,
  type SessionKey,
} from './config-records.ts'
import { type ConfigEvent, ConfigState } from './config-state.ts'
import { bytesOf, textOf } from './json-record.ts'
import type { KafkaLog, KafkaLogFactory, LogRecord } from './kafka-log.ts'

const WRITE_TIMEOUT_MS = 30_000

/**
 * The configuration topic: its state as read so far, and the writes. Only the leader may write, but for target states
 * of pause and resume and logger levels. Every write resolves after it was read back, so that the caller sees it.
 */
export class ConfigStore {
  readonly state = new ConfigState()
  readonly #log: KafkaLog
  readonly #logger: Logger
  readonly #onEvent: (event: ConfigEvent) => void
  readonly #givingUp = Promise.withResolvers<never>()
  #started = false

  /** `onEvent` is called for every change that is read after the start. */
  constructor(
    topic: InternalTopicConfig,
    openLog: KafkaLogFactory,
    onEvent: (event: ConfigEvent) => void,
    logger: Logger,
  ) {
    this.#log = openLog(topic, 'configs', (record) => this.#read(record))
    this.#onEvent = onEvent
    this.#logger = logger
    this.#givingUp.promise.catch(() => undefined)
  }

  async start(): Promise<void> {
    await this.#log.start()
    this.#started = true
  }

  /** The worker stops: writes that the brokers have not acknowledged after so long fail, as do all later ones. */
  async giveUpWrites(afterMs: number, signal?: AbortSignal): Promise<void> {
    if (!(await pause(afterMs, signal))) return
    this.#givingUp.reject(new ShutdownError('The worker is shutting down'))
  }

  async stop(): Promise<void> {
    this.#started = false
    await this.#log.stop()
  }

  async readToEnd(): Promise<void> {
    await this.#log.readToEnd()
  }

  /** Creates or replaces a connector; with an initial state, that is written first. */
  async putConnector(connector: string, properties: Properties, initialState: TargetState | null): Promise<void> {
    const target: ConfigRecord[] =
      initialState === null ? [] : [{ type: 'target-state', connector, state: initialState }]
    await this.#write([...target, { type: 'connector', connector, properties }])
  }

  async removeConnector(connector: string): Promise<void> {
    await this.#write([
      { type: 'connector', connector, properties: null },
      { type: 'target-state', connector, state: null },
    ])
  }

  /** Replaces a connector's whole task set. */
  async putTaskConfigs(connector: string, configs: readonly Properties[]): Promise<void> {
    const tasks = configs.map(
      (properties, task): ConfigRecord => ({ type: 'task', id: { connector, task }, properties }),
    )
    await this.#write([...tasks, { type: 'commit', connector, tasks: configs.length }])
  }

  async putTargetState(connector: string, state: TargetState): Promise<void> {
    await this.#write([{ type: 'target-state', connector, state }])
  }

  async putRestartRequest(connector: string, includeTasks: boolean, onlyFailed: boolean): Promise<void> {
    await this.#write([{ type: 'restart', connector, includeTasks, onlyFailed }])
  }

  async putSessionKey(sessionKey: SessionKey): Promise<void> {
    await this.#write([{ type: 'session-key', sessionKey }])
  }

  async putLoggerLevel(logger: string, level: string): Promise<void> {
    await this.#write([{ type: 'logger', logger, level }])
  }

  async #write(records: readonly ConfigRecord[]): Promise<void> {
    const writing = async (): Promise<void> => {
      const positions = await Promise.all(
        records.map((record) => {
          const { key, value } = encodeConfigRecord(record)
          return this.#log.send(bytesOf(key), value)
        }),
      )
      await Promise.all(positions.map((position) => this.#log.readPast(position)))
    }
    const written = withDeadline(writing(), WRITE_TIMEOUT_MS, 'Writing to the config topic')
    await Promise.race([written, this.#givingUp.promise])
  }

  #read(record: LogRecord): void {
    const decoded = record.key === null ? 'no key' : decodeConfigRecord(textOf(record.key), record.value)
    if (typeof decoded === 'string') {
      this.#logger.warn({ offset: record.offset, reason: decoded }, 'Skipped a record of the config topic')
    } else {
      const event = this.state.apply(decoded)
      if (event !== null && this.#started) this.#onEvent(event)
    }
    this.state.advance(record.offset + 1)
  }
}
