import { AlreadyExistsError, BadRequestError, RuntimeError } from '../errors.ts'
import type { Properties } from '../stores/config-records.ts'
import type { TargetState } from '../task-runner.ts'
import type { OffsetSubject } from './connector-offsets.ts'
import { unknownConnector } from './connector-views.ts'
import type { ConnectorInfo, OffsetsMessage } from './herder.ts'
import type { HerderContext, HerderPlace } from './herder-context.ts'
import type { HerderReads } from './herder-reads.ts'
import type { PartitionOffset } from './sink-offsets.ts'
import type { TaskConfigPublisher } from './task-config-publisher.ts'

/** Requests that change what is configured: written to the configuration topic, which all workers follow. */
export class ConnectorChanges {
  readonly #context: HerderContext
  readonly #reads: HerderReads
  readonly #publisher: Pick<TaskConfigPublisher, 'attempted'>

  constructor(context: HerderContext, reads: HerderReads, publisher: Pick<TaskConfigPublisher, 'attempted'>) {
    this.#context = context
    this.#reads = reads
    this.#publisher = publisher
  }

  async put(
    name: string,
    config: Properties,
    options: { allowReplace: boolean; initialState?: TargetState | null },
  ): Promise<{ created: boolean; info: ConnectorInfo }> {
    const { parts, queue } = this.#context
    const place = await this.#context.joined()
    await this.#context.during(
      'performing multi-property validation for the connector',
      parts.validator.requireValid(config),
    )
    const put = await queue.run(`writing a config for connector ${name} to the config topic`, async () => {
      this.#context.requireLeader(place)
      const exists = parts.config.state.has(name)
      if (exists && !options.allowReplace) throw new AlreadyExistsError(`Connector ${name} already exists`)
      await parts.config.putConnector(name, config, options.initialState ?? null)
      return { created: !exists, info: await this.#reads.connectorInfo(name) }
    })
    if (parts.hasPeers) return put
    await this.#untilStarted(place, name)
    return { ...put, info: await this.#reads.connectorInfo(name) }
  }

  /**
   * A worker without peers starts itself what it was given, and answers as Kafka Connect's standalone mode: with the
   * tasks that the connector wants, or with its failure to start.
   */
  async #untilStarted({ local }: HerderPlace, name: string): Promise<void> {
    const { queue } = this.#context
    // The queue takes up the new configuration, then the group of one has its round, and the queue takes up its result.
    await queue.passed()
    await this.#context.settled()
    await queue.passed()
    const failure = await this.#context.during('starting the connector', local.lastStart(name))
    if (failure !== null) throw new RuntimeError(failure.reason)
    await this.#context.during('generating its task configs', this.#publisher.attempted(name))
    if (this.#context.parts.statuses.connector(name)?.state === 'FAILED')
      throw new RuntimeError(`Connector ${name} failed after its start; its status says why`)
  }

  /** Null values remove keys. */
  async patch(name: string, patch: Properties): Promise<ConnectorInfo> {
    const place = await this.#context.joined()
    const current = this.#context.parts.config.state.connectorConfig(name)
    this.#context.requireLeader(place)
    if (current === null) throw unknownConnector(name)
    const patched = Object.fromEntries(Object.entries({ ...current, ...patch }).filter(([, value]) => value !== null))
    return (await this.put(name, patched, { allowReplace: true })).info
  }

  async remove(name: string): Promise<void> {
    const { parts, queue } = this.#context
    const place = await this.#context.joined()
    await queue.run(`removing the config for connector ${name} from the config topic`, async () => {
      this.#context.requireLeader(place)
      this.#context.requireConnector(name)
      await parts.config.removeConnector(name)
    })
  }

  /** Any worker may write that. */
  async putTargetState(name: string, state: Exclude<TargetState, 'STOPPED'>): Promise<void> {
    await this.#context.started.promise
    await this.#context.requireConnectorByNow(name)
    await this.#context.parts.config.putTargetState(name, state)
  }

  async stop(name: string): Promise<void> {
    const { parts, queue } = this.#context
    const place = await this.#context.joined()
    await queue.run(`writing 0 task configs for connector ${name} to the config topic`, async () => {
      await this.#context.requireConnectorByNow(name)
      this.#context.requireLeader(place)
      // First, so that nobody starts tasks of a stopped connector.
      await parts.config.putTaskConfigs(name, [])
      await queue.step(`writing the STOPPED target state for connector ${name} to the config topic`, () =>
        parts.config.putTargetState(name, 'STOPPED'),
      )
    })
  }

  async alterOffsets(name: string, offsets: readonly PartitionOffset[]): Promise<OffsetsMessage> {
    const subject = await this.#stoppedConnector(name)
    return { message: await this.#context.parts.offsets.alter(subject, offsets) }
  }

  async resetOffsets(name: string): Promise<OffsetsMessage> {
    const subject = await this.#stoppedConnector(name)
    return { message: await this.#context.parts.offsets.reset(subject) }
  }

  /** Offsets may be changed while nothing can write any, and by the leader, which knows. */
  async #stoppedConnector(name: string): Promise<OffsetSubject> {
    const { parts, queue } = this.#context
    const place = await this.#context.settled()
    await queue.run(`modifying offsets for connector ${name}`, async () => {
      this.#context.requireLeader(place)
      await parts.config.readToEnd()
      this.#context.requireConnector(name)
      const { state } = parts.config
      if (state.targetState(name) === 'STOPPED' && state.taskConfigs(name).length === 0) return
      throw new BadRequestError(
        'Connectors must be in the STOPPED state before their offsets can be modified. ' +
          `This can be done for the specified connector by issuing a 'PUT' request to the '/connectors/${name}/stop' endpoint`,
      )
    })
    return this.#reads.offsetSubject(name)
  }
}
