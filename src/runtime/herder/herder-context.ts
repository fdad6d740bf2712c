import type { Logger } from '../../base/logger.ts'
import { ForwardError, NotAssignedError, NotLeaderError, RebalanceNeededError } from '../errors.ts'
import type { ConnectGroup } from '../group/membership.ts'
import type { ConfigStore } from '../stores/config-store.ts'
import type { StatusStore } from '../stores/status-store.ts'
import type { ConfigValidator } from '../validation/config-validator.ts'
import type { WorkerConfig } from '../worker-config.ts'
import type { ConnectorOffsets } from './connector-offsets.ts'
import { unknownConnector } from './connector-views.ts'
import type { ServerInfo } from './herder.ts'
import type { LocalWork } from './local-work.ts'
import type { PeerClient } from './peer-client.ts'
import type { PluginDirectory } from './plugin-directory.ts'
import { type Stage, WorkQueue } from './work-queue.ts'

/** How long a request waits for a rebalance to end before it is refused. */
const SETTLE_TIMEOUT_MS = 60_000
/** What clients match on to try again. */
const STALE =
  'Cannot complete request momentarily due to stale configuration (typically caused by a concurrent config change)'

/** The parts that the herder drives; made by `../worker.ts`. */
export interface HerderParts {
  readonly worker: WorkerConfig
  readonly config: ConfigStore
  readonly statuses: StatusStore
  readonly validator: ConfigValidator
  readonly offsets: ConnectorOffsets
  /** False for a standalone worker: it takes no internal requests. */
  readonly hasPeers: boolean
  readonly peers: PeerClient
  readonly plugins: () => Promise<PluginDirectory>
  readonly serverInfo: () => Promise<ServerInfo>
  readonly logger: Logger
}

/** What exists only once the worker's own address is known. */
export interface HerderPlace {
  readonly group: ConnectGroup
  readonly local: LocalWork
}

/** What the subjects of the herder share: its parts, the one queue of decisions, and its place in the group. */
export class HerderContext {
  readonly parts: HerderParts
  readonly queue = new WorkQueue()
  readonly stopSignal = new AbortController()
  readonly started = Promise.withResolvers<HerderPlace>()
  /** Null until the start. */
  place: HerderPlace | null = null
  readonly #aside = new Set<Stage>()

  constructor(parts: HerderParts) {
    this.parts = parts
    this.started.promise.catch(() => undefined)
  }

  get isStopping(): boolean {
    return this.stopSignal.signal.aborted
  }

  /** What the queue is doing; when it rests, the oldest thing that a request is waiting for beside it. */
  stage(): Stage | null {
    const stage = this.queue.stage
    if (stage !== null && stage.completedAt === null) return stage
    return this.#aside.values().next().value ?? stage
  }

  /** Names a step of a request that does not run in the queue, for {@link stage}. */
  async during<T>(description: string, work: Promise<T>): Promise<T> {
    const stage: Stage = { description, startedAt: new Date(), completedAt: null }
    this.#aside.add(stage)
    try {
      return await work
    } finally {
      this.#aside.delete(stage)
    }
  }

  /** Waits until the worker is in the group for the first time. */
  async joined(): Promise<HerderPlace> {
    const place = await this.started.promise
    if (place.group.view === null)
      await this.during('ensuring membership in the cluster', place.group.settled(SETTLE_TIMEOUT_MS))
    return place
  }

  /** Waits until no rebalance is under way, so that what is known of owners holds. */
  async settled(): Promise<HerderPlace> {
    const place = await this.started.promise
    if (!(await place.group.settled(SETTLE_TIMEOUT_MS))) {
      throw new RebalanceNeededError(STALE)
    }
    return place
  }

  requireLeader({ group }: HerderPlace): void {
    if (!group.isLeader) throw new NotLeaderError(group.leaderUrl)
  }

  requireConnector(name: string): void {
    if (!this.parts.config.state.has(name)) throw unknownConnector(name)
  }

  /** The same, after a look at what the configuration topic has by now: another worker may have made the connector. */
  async requireConnectorByNow(name: string): Promise<void> {
    if (!this.parts.config.state.has(name)) await this.parts.config.readToEnd()
    this.requireConnector(name)
  }

  /** The leader knows the owner; others pass the request on to the leader. */
  notHere({ group }: HerderPlace, what: string, ownerUrl: string | null): ForwardError {
    return group.isLeader ? new NotAssignedError(what, ownerUrl) : new NotLeaderError(group.leaderUrl)
  }
}
