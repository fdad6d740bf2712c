import { NotFoundError, RuntimeError } from '../errors.ts'
import { taskKey } from '../group/work.ts'
import type { ConnectorTaskId } from '../task-runner.ts'
import type { ConnectorStateInfo } from './herder.ts'
import type { HerderContext, HerderPlace } from './herder-context.ts'
import type { HerderReads } from './herder-reads.ts'
import { type RestartOptions, restartPlan } from './restart-plan.ts'

/** Restarts that users ask for: of one instance by its owner, or by a request that every worker follows (KIP-745). */
export class Restarts {
  readonly #context: HerderContext
  readonly #reads: HerderReads

  constructor(context: HerderContext, reads: HerderReads) {
    this.#context = context
    this.#reads = reads
  }

  /** Null when only the instance was restarted; else the status with everything that is going to restart. */
  async connector(name: string, options: RestartOptions): Promise<ConnectorStateInfo | null> {
    const { parts, queue } = this.#context
    const place = await this.#context.settled()
    if (options.includeTasks || options.onlyFailed) {
      return queue.run(`writing restart request for connector ${name} to the config topic`, async () => {
        await this.#context.requireConnectorByNow(name)
        this.#context.requireLeader(place)
        const { outlook } = restartPlan(await this.#reads.statusForRestart(name), options)
        await parts.config.putRestartRequest(name, options.includeTasks, options.onlyFailed)
        return outlook
      })
    }
    const starting = await queue.run(`restarting connector ${name}`, async () => {
      await this.#context.requireConnectorByNow(name)
      const { group, local } = place
      if (!group.held.connectors.includes(name))
        throw this.#context.notHere(place, `Connector ${name}`, group.connectorOwner(name))
      return { done: local.restartConnector(name) }
    })
    const failure = await this.#context.during('starting the connector', starting.done)
    if (failure === null) return null
    // Kafka Connect's two modes tell it in these two ways.
    throw new RuntimeError(parts.hasPeers ? `Failed to start connector: ${name}` : failure.reason)
  }

  async task(id: ConnectorTaskId): Promise<void> {
    const { parts, queue } = this.#context
    const place = await this.#context.settled()
    const starting = await queue.run(`restarting task ${taskKey(id)}`, async () => {
      await this.#context.requireConnectorByNow(id.connector)
      const { group, local } = place
      if (parts.config.state.taskConfig(id) === null) throw new NotFoundError(`Task ${taskKey(id)} not found`)
      if (!group.held.tasks.some((held) => taskKey(held) === taskKey(id))) {
        throw this.#context.notHere(place, `Task ${taskKey(id)}`, group.taskOwner(id))
      }
      // Begun at once, so that whoever stops the task meanwhile stops its start as well.
      const stopped = local.stopTasks([id])
      const done = local.startTask(id)
      await stopped
      return { done }
    })
    const failure = await this.#context.during(`starting task ${taskKey(id)}`, starting.done)
    // What a task does with its start is told by its status, as with Kafka Connect, which does not wait for that.
    if (failure?.isOfPlugin === false) throw new RuntimeError(`Failed to start task: ${taskKey(id)}`)
  }

  /** Follows a restart request as far as it concerns what is placed here. */
  async follow({ local }: HerderPlace, name: string, options: RestartOptions): Promise<void> {
    const { config, statuses } = this.#context.parts
    if (!config.state.has(name) || statuses.connector(name) === null) return
    const plan = restartPlan(await this.#reads.statusForRestart(name), options)
    const connector = plan.connector && local.hasConnector(name)
    const tasks = local.tasksOf(name).filter((id) => plan.tasks.has(id.task))
    local.markRestarting(connector, name, tasks)
    const stopped = local.stopTasks(tasks)
    if (connector) void local.restartConnector(name)
    for (const id of tasks) void local.startTask(id)
    await stopped
  }
}
