import type { Work } from '../group/work.ts'
import type { ConfigEvent } from '../stores/config-state.ts'
import type { HerderContext, HerderPlace } from './herder-context.ts'
import type { LoggerAdmin } from './logger-admin.ts'
import { covers } from './restart-plan.ts'
import type { Restarts } from './restarts.ts'

type RestartRequest = Extract<ConfigEvent, { type: 'restart-requested' }>

/** Acts on what the configuration topic says, as far as it concerns this worker. */
export class ConfigReactions {
  readonly #context: HerderContext
  readonly #restarts: Restarts
  readonly #loggers: LoggerAdmin
  /** Those that are still to be followed. */
  readonly #restartRequests = new Set<RestartRequest>()
  readonly #waiting: ConfigEvent[] = []

  constructor(context: HerderContext, restarts: Restarts, loggers: LoggerAdmin) {
    this.#context = context
    this.#restarts = restarts
    this.#loggers = loggers
  }

  /**
   * Puts the reaction to an event in the queue. Events that wait there together are followed together, so that what has
   * to be waited for (tasks that stop) is waited for once.
   */
  follow(event: ConfigEvent): void {
    const { queue } = this.#context
    if (this.#context.isStopping) return
    if (event.type === 'restart-requested' && !this.#isNews(event)) return
    this.#waiting.push(event)
    if (this.#waiting.length > 1) return
    const follow = (): Promise<unknown> => {
      const events = this.#waiting.splice(0)
      return queue.step(describe(events), () => this.#reactToAll(events))
    }
    // Refused only by a worker that stops.
    queue.run('handling changes of the configuration', follow).catch(() => undefined)
  }

  /** In order for each connector, and connectors side by side. */
  async #reactToAll(events: readonly ConfigEvent[]): Promise<void> {
    const bySubject = Map.groupBy(events, (event) => ('connector' in event ? event.connector : null))
    await Promise.all(
      [...bySubject.values()].map(async (ofOne) => {
        for (const event of ofOne) await this.#reactSafely(event)
      }),
    )
  }

  async #reactSafely(event: ConfigEvent): Promise<void> {
    try {
      await this.#react(event)
    } catch (error) {
      if (this.#context.isStopping) return
      const { logger } = this.#context.parts
      logger.error({ err: error, event: event.type }, 'Could not follow a change of the configuration')
    }
  }

  /** False when a request that is to be followed does the same and more. It takes the place of those that do less. */
  #isNews(request: RestartRequest): boolean {
    const waiting = [...this.#restartRequests].filter(({ connector }) => connector === request.connector)
    if (waiting.some((other) => covers(other, request))) return false
    for (const other of waiting) if (covers(request, other)) this.#restartRequests.delete(other)
    this.#restartRequests.add(request)
    return true
  }

  /** On every worker, so that the log of each tells why its work changes. */
  #tell(event: ConfigEvent): void {
    const { config, logger } = this.#context.parts
    if (!('connector' in event)) return
    const { connector } = event
    const happened: Record<typeof event.type, string> = {
      'connector-created': 'was created',
      'connector-removed': 'was removed',
      'connector-updated': 'has a new configuration',
      'tasks-committed': `has ${config.state.taskConfigs(connector).length} task(s)`,
      'target-state-changed': `is to be ${config.state.targetState(connector)}`,
      'restart-requested': 'is to be restarted',
    }
    logger.info({ connector }, `Connector ${connector} ${happened[event.type]}`)
  }

  async #react(event: ConfigEvent): Promise<void> {
    const { place } = this.#context
    if (place === null) return
    this.#tell(event)
    const { group, local } = place
    switch (event.type) {
      case 'connector-created':
        group.requestRejoin(`connector ${event.connector} was created`)
        return
      case 'connector-removed':
        await this.#removed(place, event.connector)
        return
      case 'connector-updated':
        if (local.hasConnector(event.connector)) void local.restartConnector(event.connector)
        return
      case 'tasks-committed':
        await this.#committed(place, event.connector)
        return
      case 'target-state-changed':
        this.#targetStateChanged(place, event.connector)
        return
      case 'restart-requested':
        if (this.#restartRequests.delete(event)) await this.#restarts.follow(place, event.connector, event)
        return
      case 'logger-level-changed':
        this.#loggers.follow(event.logger, event.level)
        return
      case 'session-key-changed':
    }
  }

  async #removed({ group, local }: HerderPlace, connector: string): Promise<void> {
    const work: Work = { connectors: [connector], tasks: local.tasksOf(connector) }
    await local.stop(work)
    group.drop({ ...work, tasks: group.held.tasks.filter((id) => id.connector === connector) })
    // Nothing of it is configured any more, so nobody writes these again; the others are dropped by the leader's rounds.
    const { statuses } = this.#context.parts
    if (group.isLeader) statuses.deleteConnector(connector)
    group.requestRejoin(`connector ${connector} was removed`)
  }

  async #committed({ group, local }: HerderPlace, connector: string): Promise<void> {
    await local.stopTasks(local.tasksOf(connector))
    const { state } = this.#context.parts.config
    group.drop({
      connectors: [],
      tasks: group.held.tasks.filter((id) => id.connector === connector && state.taskConfig(id) === null),
    })
    group.requestRejoin(`the tasks of connector ${connector} changed`)
  }

  #targetStateChanged({ local }: HerderPlace, connector: string): void {
    const { config, logger } = this.#context.parts
    local.applyTargetState(connector, config.state.targetState(connector)).catch((error: unknown) => {
      logger.error({ err: error, connector }, 'Could not change the state of a connector')
    })
  }
}

function describe(events: readonly ConfigEvent[]): string {
  const [only, ...others] = events
  return only === undefined || others.length > 0
    ? `handling ${events.length} changes of the configuration`
    : `handling ${only.type.replaceAll('-', ' ')}`
}
