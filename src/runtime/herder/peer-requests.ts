import { BadRequestError, RebalanceNeededError, RuntimeError } from '../errors.ts'
import type { Properties } from '../stores/config-records.ts'
import type { RequestSignature } from './herder.ts'
import type { HerderContext, HerderPlace } from './herder-context.ts'
import { sign, verifySignature } from './signature.ts'
import { completeTaskConfigs, taskConfigsChanged } from './task-configs.ts'
import type { PublishOutcome } from './task-config-publisher.ts'

const PEER_TIMEOUT_MS = 90_000

/** The stage in which task configurations are stored. */
function writing(name: string, configs: readonly Properties[]): string {
  return `writing ${configs.length} task configs for connector ${name} to the config topic`
}

/** What owners of connectors and their leader tell each other beside the topics, signed with the session key. */
export class PeerRequests {
  readonly #context: HerderContext

  constructor(context: HerderContext) {
    this.#context = context
  }

  /** At the leader: takes the task configurations that a connector gave its owner. */
  async putTaskConfigs(name: string, configs: readonly Properties[], signature: RequestSignature): Promise<void> {
    const { parts, queue } = this.#context
    if (!parts.hasPeers) throw new RuntimeError('A standalone worker takes no task configurations of others')
    const place = await this.#context.joined()
    this.#verify(place, signature)
    await queue.run(writing(name, configs), async () => {
      this.#context.requireLeader(place)
      this.#context.requireConnector(name)
      if (configs.length > 0 && parts.config.state.targetState(name) === 'STOPPED')
        throw new BadRequestError(`Cannot submit non-empty set of task configs for stopped connector ${name}`)
      await parts.config.putTaskConfigs(name, configs)
    })
  }

  /** At the leader: a task of an exactly-once source asks for its predecessors to be fenced. */
  async fenceZombies(name: string, signature: RequestSignature): Promise<void> {
    if (!this.#context.parts.hasPeers) throw new RuntimeError('A standalone worker does not fence tasks of others')
    const place = await this.#context.joined()
    this.#verify(place, signature)
    this.#context.requireLeader(place)
    this.#context.requireConnector(name)
    throw new RuntimeError(
      `The tasks of connector ${name} cannot be fenced: this worker has no support for exactly-once sources, so none of ` +
        'the workers of its group may have exactly.once.source.support=enabled',
    )
  }

  /** At the owner: asks the connector for its tasks and brings them to the leader, if that changes anything. */
  async publishTaskConfigs(name: string): Promise<PublishOutcome> {
    const { parts, queue } = this.#context
    const { config } = parts
    const place = await this.#context.settled()
    const { local, group } = place
    const raw = config.state.connectorConfig(name)
    if (raw === null || !local.isRunning(name)) return 'done'
    const resolved = await local.startedConnectorConfig(name)
    if (resolved === null) return 'done'
    const { props } = resolved
    const plugin = (await parts.plugins()).connector(props['connector.class'] ?? '')
    let generated: Record<string, string>[]
    try {
      generated = await local.runner.taskConfigs(name, Number(props['tasks.max'] ?? 1))
    } catch (error) {
      // A failed connector waits for its user; anything else may be better the next time.
      if (!local.isRunning(name)) return 'failed'
      throw error
    }
    const configs = completeTaskConfigs(generated, raw, resolved, plugin.class)
    if (!local.isRunning(name) || !taskConfigsChanged(config.state, name, configs)) return 'done'
    if (group.isLeader) {
      await queue.run(writing(name, configs), async () => {
        this.#context.requireLeader(place)
        // What a connector wanted before it was stopped may come after that: a stopped one has no tasks.
        if (config.state.has(name) && config.state.targetState(name) !== 'STOPPED')
          await config.putTaskConfigs(name, configs)
      })
      return 'done'
    }
    await this.#send(place, name, configs)
    return 'done'
  }

  async #send({ group }: HerderPlace, name: string, configs: readonly Properties[]): Promise<void> {
    const { config, worker, peers } = this.#context.parts
    const { leaderUrl } = group
    if (leaderUrl === null) throw new RebalanceNeededError('The leader of the group is not known')
    const body = JSON.stringify(configs)
    const key = config.state.sessionKey
    const algorithm = worker.interWorkerSignatureAlgorithm
    const headers =
      group.view?.version === 2 && key !== null
        ? {
            'x-connect-authorization': sign(Buffer.from(body), key, algorithm),
            'x-connect-request-signature-algorithm': algorithm,
          }
        : {}
    const url = new URL(`connectors/${encodeURIComponent(name)}/tasks`, leaderUrl).href
    await peers.call({ method: 'POST', url, body, headers, timeoutMs: PEER_TIMEOUT_MS })
  }

  #verify({ group }: HerderPlace, signature: RequestSignature): void {
    if (group.view?.version !== 2) return
    const { config, worker } = this.#context.parts
    verifySignature(signature, config.state.sessionKey, worker.interWorkerVerificationAlgorithms)
  }
}
