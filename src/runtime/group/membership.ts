import { pause, withDeadline } from '../../base/deadline.ts'
import type { Logger } from '../../base/logger.ts'
import { RebalanceMeter } from '../metrics/rebalance-meter.ts'
import type { ConnectorTaskId } from '../task-runner.ts'
import type { WorkerConfig } from '../worker-config.ts'
import {
  type Assignment,
  decodeAssignment,
  encodeMetadata,
  offeredProtocols,
  protocolVersion,
  type ProtocolVersion,
} from './codec.ts'
import { GroupLeader, type LeaderConfigView } from './leader.ts'
import { isNoWork, NO_WORK, union, without, type Work } from './work.ts'

/** Plays the classic group protocol of a broker; the client's `GroupMember` is one. */
export interface GroupMembership {
  start(): Promise<void> | void
  requestRejoin(reason?: string): void
  leave(): Promise<void>
  /** Leaves, calling no handler, and joins again when `ready` resolves. */
  leaveUntil(ready: Promise<void>, reason: string): Promise<void>
  /** Counts what the membership went through, for metrics. */
  readonly meter?: { values(): Record<string, number> }
}

/** What a {@link GroupMembership} calls. The calls of one member never overlap. */
export interface GroupHandler {
  protocols(): { name: string; metadata: Uint8Array }[]
  assign(
    protocol: string,
    leaderId: string,
    members: readonly { memberId: string; metadata: Uint8Array }[],
  ): Promise<Map<string, Uint8Array>>
  onRevoke(): Promise<void>
  onAssigned(
    protocol: string,
    generation: number,
    memberId: string,
    leaderId: string,
    assignment: Uint8Array,
  ): Promise<void>
  /** @param loss `isRemoval`: the coordinator said so; `silentMs`: since it last took this for a member */
  onLost(loss: { readonly isRemoval: boolean; readonly silentMs: number }): Promise<void>
}

/** What the group needs of the herder. */
export interface GroupOwner extends LeaderConfigView {
  /** Stop these and have their last statuses written. */
  revoked(work: Work): Promise<void>
  /** Stop these at once, whatever else is under way: others may have begun to run them. */
  abandoned(work: Work): Promise<void>
  /** The worker holds `ConnectGroup.held` now: start what is not running yet. */
  assigned(): Promise<void>
}

/** This worker's place in the group after the last rebalance. */
export interface GroupView {
  readonly version: ProtocolVersion
  readonly generation: number
  readonly memberId: string
  readonly leaderUrl: string
  readonly isLeader: boolean
}

type Settings = Pick<
  WorkerConfig,
  'connectProtocol' | 'scheduledRebalanceMaxDelayMs' | 'workerSyncTimeoutMs' | 'workerUnsyncBackoffMs'
>

/** After this many tries to catch up with the configuration topic, the work is given up. */
const SYNC_RETRIES = 5
/** Without a delay of rebalances, a topic that cannot be read would be asked for incessantly. */
const SHORTEST_BACKOFF_MS = 50

/**
 * Membership in the group of workers: offers the protocols, takes assignments, and knows what this worker holds.
 * It decides nothing about how work is started or stopped; the herder does.
 */
export class ConnectGroup {
  readonly meter: RebalanceMeter
  readonly #url: string
  readonly #settings: Settings
  readonly #owner: GroupOwner
  readonly #logger: Logger
  readonly #leader: GroupLeader
  readonly #member: GroupMembership
  readonly #stopping = new AbortController()
  /** Resolves when this worker is no member any more. */
  readonly #left = Promise.withResolvers<void>()
  #isEnding = false
  #view: GroupView | null = null
  #held: Work = NO_WORK
  #settled = false
  /** Counts lost memberships, and the end: an assignment from before the last of them is void. */
  #losses = 0
  #waiters: (() => void)[] = []
  #delayTimer: NodeJS.Timeout | undefined
  #absenceTimer: NodeJS.Timeout | undefined

  constructor(
    url: string,
    settings: Settings,
    owner: GroupOwner,
    join: (handler: GroupHandler) => GroupMembership,
    logger: Logger,
    meter: RebalanceMeter = new RebalanceMeter(),
  ) {
    this.meter = meter
    this.#url = url
    this.#settings = settings
    this.#owner = owner
    this.#logger = logger
    this.#leader = new GroupLeader(owner, settings.scheduledRebalanceMaxDelayMs)
    this.#member = join({
      protocols: () => this.#protocols(),
      assign: (protocol, leaderId, members) => this.#leader.assign(protocolVersion(protocol), leaderId, members),
      onRevoke: () => this.#onRevoke(),
      onAssigned: (protocol, generation, memberId, leaderId, assignment) =>
        this.#onAssigned(protocolVersion(protocol), generation, memberId, leaderId, decodeAssignment(assignment)),
      onLost: ({ isRemoval, silentMs }) => this.#onLost(isRemoval ? Math.max(0, this.#patienceMs() - silentMs) : 0),
    })
  }

  async start(): Promise<void> {
    await this.#member.start()
  }

  /**
   * To be called before what is held is stopped for good: from now on until {@link stop} this worker takes part in no
   * rebalance, or others would begin to run what it has not stopped yet. They wait for it.
   */
  prepareStop(): void {
    this.#isEnding = true
    this.#settled = false
    this.#losses++
  }

  /** Leaves the group, so that the others notice at once. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    clearTimeout(this.#delayTimer)
    clearTimeout(this.#absenceTimer)
    this.#settled = false
    const leaving = this.#member.leave()
    this.#left.resolve()
    await leaving
  }

  /** Leaves the group until `ready` resolves. What is held goes on for as long as nobody else may run it. */
  leaveUntil(ready: Promise<void>, reason: string): void {
    if (this.#view === null || this.#stopping.signal.aborted) return
    this.#beAway(this.#patienceMs())
    void this.#member.leaveUntil(ready, reason)
  }

  /**
   * For how long the others leave alone what a member held that is gone: the leader waits for its return for
   * `scheduled.rebalance.max.delay.ms`, but not with the eager protocol, and a new leader knows nothing of who held what.
   */
  #patienceMs(): number {
    if (this.isLeader && this.#leader.wasAlone) return Infinity
    const isWaitedFor = this.#view !== null && this.#view.version !== 0 && !this.isLeader
    return isWaitedFor ? this.#settings.scheduledRebalanceMaxDelayMs : 0
  }

  #beAway(patienceMs: number): void {
    this.#losses++
    this.#settled = false
    this.#view = null
    clearTimeout(this.#delayTimer)
    if (patienceMs === Infinity) return
    this.#absenceTimer = setTimeout(() => this.#abandon(), patienceMs)
    this.#absenceTimer.unref()
  }

  #abandon(): void {
    const work = this.#held
    if (isNoWork(work)) return
    this.#logger.warn('Away from the group of workers, which may have given the work to others: stopping it here')
    this.#held = NO_WORK
    // A round that is under way began with what was held before.
    this.requestRejoin('its work was given up')
    void this.#owner.abandoned(work)
  }

  /** What the membership counts, by Kafka's attribute names; empty where there is nothing to count. */
  memberMetrics(): Record<string, number> {
    return this.#member.meter?.values() ?? {}
  }

  /** Null until the first assignment, and after the membership was lost. */
  get view(): GroupView | null {
    return this.#view
  }

  /** What this worker is to run. */
  get held(): Work {
    return this.#held
  }

  get isLeader(): boolean {
    return this.#view?.isLeader ?? false
  }

  get generation(): number {
    return this.#view?.generation ?? -1
  }

  get leaderUrl(): string | null {
    return this.#view?.leaderUrl ?? null
  }

  /** Known to the leader only. */
  connectorOwner(connector: string): string | null {
    return this.#leader.connectorOwner(connector)
  }

  taskOwner(id: ConnectorTaskId): string | null {
    return this.#leader.taskOwner(id)
  }

  /** True when the last assignment is in effect and no rebalance is known to be due. */
  get isSettled(): boolean {
    return this.#settled
  }

  /** Resolves to true once settled, or to false after `timeoutMs`. */
  async settled(timeoutMs: number): Promise<boolean> {
    if (this.#settled) return true
    const waiting = new Promise<void>((resolve) => this.#waiters.push(resolve))
    await Promise.race([waiting, pause(timeoutMs, this.#stopping.signal)])
    return this.#settled
  }

  requestRejoin(reason: string): void {
    if (this.#stopping.signal.aborted) return
    this.#settled = false
    this.#member.requestRejoin(reason)
  }

  /** Forgets work that needs no revocation any more. */
  drop(work: Work): void {
    this.#held = without(this.#held, work)
  }

  #protocols(): { name: string; metadata: Uint8Array }[] {
    const metadata = { url: this.#url, configOffset: this.#owner.configOffset(), work: this.#held }
    const leader = { id: this.#view?.memberId ?? '', url: this.#view?.leaderUrl ?? '' }
    return offeredProtocols(this.#settings.connectProtocol).map(({ name, version }) => ({
      name,
      metadata: encodeMetadata(metadata, version, leader),
    }))
  }

  async #onRevoke(): Promise<void> {
    this.#settled = false
    if (!this.#isEnding && this.#view?.version === 0 && !isNoWork(this.#held)) {
      const work = this.#held
      this.#held = NO_WORK
      await this.#owner.revoked(work)
    }
    if (this.#isEnding) await this.#left.promise
  }

  async #onLost(patienceMs: number): Promise<void> {
    this.#beAway(patienceMs)
    if (patienceMs > 0) {
      this.#logger.warn('Lost the membership in the group of workers; joining again with what runs here')
      return
    }
    this.#logger.warn('Lost the membership in the group of workers; stopping all connectors and tasks until it is back')
    const work = this.#held
    this.#held = NO_WORK
    await this.#owner.revoked(work)
  }

  async #onAssigned(
    version: ProtocolVersion,
    generation: number,
    memberId: string,
    leaderId: string,
    assignment: Assignment,
  ): Promise<void> {
    if (this.#isEnding) return
    clearTimeout(this.#delayTimer)
    clearTimeout(this.#absenceTimer)
    this.meter.started()
    const losses = this.#losses
    const isLeader = leaderId === memberId
    this.#leader.completed(isLeader && assignment.error === 'none')
    this.#view = { version, generation, memberId, leaderUrl: assignment.leaderUrl, isLeader }
    const { connectors, tasks } = assignment.assigned
    this.#logger.info(
      { generation, isLeader, leaderUrl: assignment.leaderUrl, connectors: connectors.length, tasks: tasks.length },
      'Joined the group of workers',
    )
    if (!isNoWork(assignment.revoked)) {
      this.drop(assignment.revoked)
      await this.#owner.revoked(assignment.revoked)
    }
    if (losses !== this.#losses) return
    this.#held = union(version === 0 ? NO_WORK : this.#held, assignment.assigned)
    if (!(await this.#catchUp(assignment)) || losses !== this.#losses) return
    this.#settled = true
    await this.#owner.assigned()
    this.meter.completed()
    if (losses !== this.#losses) return
    if (!isNoWork(assignment.revoked)) this.requestRejoin('revoked work was stopped')
    else if (assignment.delayMs > 0) this.#rejoinAfter(assignment.delayMs, 'the scheduled rebalance is due')
    if (this.#settled) for (const resolve of this.#waiters.splice(0)) resolve()
  }

  /** Makes sure that the configuration is at least as new as the assignment. False: another round is to follow. */
  async #catchUp({ error, configOffset }: Assignment): Promise<boolean> {
    const isMismatch = error !== 'none'
    const mustRead = this.#owner.configOffset() < configOffset || (isMismatch && this.isLeader)
    if (mustRead && !(await this.#readTo(configOffset))) {
      this.leaveUntil(this.#readAtLast(configOffset), 'taking too long to read the log')
      return false
    }
    if (isMismatch) this.requestRejoin('the configurations of the workers did not match')
    return !isMismatch
  }

  async #readTo(configOffset: number): Promise<boolean> {
    try {
      await withDeadline(this.#owner.readConfigToEnd(), this.#settings.workerSyncTimeoutMs, 'Reading the config topic')
      return this.#owner.configOffset() >= configOffset
    } catch (error) {
      this.#logger.warn({ err: error }, 'Could not catch up with the config topic')
      return false
    }
  }

  /** Reads again and again. What runs here goes on for some tries, but not for ever without news of the configuration. */
  async #readAtLast(configOffset: number): Promise<void> {
    const { workerUnsyncBackoffMs, scheduledRebalanceMaxDelayMs } = this.#settings
    const isEager = this.#view?.version === 0
    for (let left = SYNC_RETRIES; !this.#stopping.signal.aborted; left--) {
      if (left === 0) {
        this.#abandon()
        left = SYNC_RETRIES
      }
      const delayMs = isEager ? workerUnsyncBackoffMs : scheduledRebalanceMaxDelayMs / 10 / left
      this.#logger.warn({ delayMs }, 'Behind the config topic; joining the group again when it could be read')
      await pause(Math.max(delayMs, SHORTEST_BACKOFF_MS), this.#stopping.signal)
      if (await this.#readTo(configOffset)) return
    }
  }

  #rejoinAfter(delayMs: number, reason: string): void {
    this.#delayTimer = setTimeout(() => this.requestRejoin(reason), delayMs)
    this.#delayTimer.unref()
  }
}
