import { Backoff } from '../../base/backoff.ts'
import { pause } from '../../base/deadline.ts'
import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { Heartbeat } from '../../protocol/messages/heartbeat.ts'
import type { ResponseOf } from '../../protocol/messages/index.ts'
import { JoinGroup } from '../../protocol/messages/join-group.ts'
import { LeaveGroup } from '../../protocol/messages/leave-group.ts'
import { SyncGroup } from '../../protocol/messages/sync-group.ts'
import type { Cluster } from '../cluster.ts'
import { ConnectionError, isRetriable, messageOf } from '../errors.ts'
import { type Committer, isCoordinatorError } from '../offsets.ts'
import { GroupMeter } from './group-meter.ts'
import { heartbeatClock } from './heartbeat-clock.ts'
import { now } from '../waits.ts'
import { Notifier } from '../notifier.ts'

/*
 * States and what leads from one to the next. `Stable` heartbeats; so do the callbacks in between, while no JoinGroup or
 * SyncGroup is outstanding (the coordinator keeps those members alive by itself).
 *
 *   unjoined ──start──► joining ──JoinGroup──► syncing ──SyncGroup──► stable
 *                          ▲  ▲                  │                      │ rebalance, requestRejoin: onRevoke, then join
 *                          │  └──────────────────┴──────────────────────┤
 *                          └── onLost, then join ◄──────────────────────┘ unknown member, old generation, silence
 *   any ──leaveUntil──► joining, once the owner is ready again
 *   any ──leave──► left          any ──an error that trying again cannot help──► failed
 */
export type MemberState = 'unjoined' | 'joining' | 'syncing' | 'stable' | 'left' | 'failed'

export interface GroupMemberOptions {
  groupId: string
  /** `consumer`, `connect`, or any other; all members of a group have the same. */
  protocolType: string
  /** The coordinator drops a member that it did not hear from for this long; default 45000. */
  sessionTimeoutMs?: number
  /** How long members have to join again when a rebalance begins; default 300000. */
  rebalanceTimeoutMs?: number
  /** Default 3000. */
  heartbeatIntervalMs?: number
  /**
   * When the coordinator cannot be reached for this long, the assignment is given up, and the member joins anew; default
   * `sessionTimeoutMs`, after which the coordinator, if it lives, has given the work to others.
   */
  unreachableTimeoutMs?: number
  /** Makes the member static (KIP-345): it does not leave when it stops. */
  groupInstanceId?: string | null
}

export interface JoinedMember {
  memberId: string
  groupInstanceId: string | null
  metadata: Uint8Array
}

/** What a member's owner supplies. Callbacks are called one at a time, `onLost` excepted; a rejoin waits for them. */
export interface GroupHandler {
  /** Names and metadata to join with, in order of preference; asked for at every join. */
  protocols(): { name: string; metadata: Uint8Array }[]
  /** Only at the leader: an assignment for each member; members left out get an empty one. */
  assign(
    protocol: string,
    leaderId: string,
    members: JoinedMember[],
  ): Map<string, Uint8Array> | Promise<Map<string, Uint8Array>>
  /** Only at the leader, in place of `assign`: it came back in time (a static member), and what it had assigned holds. */
  onAssignmentKept?(members: JoinedMember[]): Promise<void>
  /** Before joining again, while still a member: the time to finish work and commit. Not before the first join. */
  onRevoke(): Promise<void>
  onAssigned(
    protocol: string,
    generation: number,
    memberId: string,
    leaderId: string,
    assignment: Uint8Array,
  ): Promise<void>
  /** The assignment is gone already, others may work on it: stop, and do not commit. May follow `onRevoke`. */
  onLost(loss: MembershipLoss): void | Promise<void>
  /** The member gave up; `start` of a new one is up to the owner. */
  onFatal?(error: unknown): void
}

/** How a membership was lost. */
export interface MembershipLoss {
  /** The coordinator said so; else it does not answer, or refuses the member for good. */
  readonly isRemoval: boolean
  /** Since the coordinator last took this for a member, in milliseconds. */
  readonly silentMs: number
}

const LEAVE_TIMEOUT_MS = 2000
/** What a heartbeat has at least, when one before it was not answered. */
const LAST_TRY_MS = 1000
/** Added to the rebalance timeout: the coordinator answers JoinGroup only when it is over. */
const JOIN_GRACE_MS = 5000

/** A member of a classic consumer group, of any protocol type. */
export class GroupMember {
  readonly options: Required<GroupMemberOptions>
  readonly meter: GroupMeter
  #memberId = ''
  #generation = -1
  #state: MemberState = 'unjoined'
  readonly #cluster: Cluster
  readonly #handler: GroupHandler
  readonly #purpose: string
  readonly #stopping = new AbortController()
  readonly #backoff: Backoff
  readonly #changed = new Notifier()
  #rejoinReason: string | null = null
  /** Left for a while, by {@link leaveUntil}. */
  #isAway = false
  /** Counts such leaves: what was asked before the last one is answered to a member that is no more. */
  #departures = 0
  #hasAssignment = false
  #isRevoked = false
  /** A JoinGroup or SyncGroup is outstanding, during which the coordinator expects no heartbeat. */
  #isWaiting = false
  /** There is a connection for JoinGroup and SyncGroup, which hold up whatever comes behind them. */
  #hasConnection = false
  #isBeating = false
  #lastContact = 0
  /** When the coordinator was first found not to answer; null while it does. */
  #unreachableSince: number | null = null
  #endHeartbeats = (): void => {}

  constructor(cluster: Cluster, options: GroupMemberOptions, handler: GroupHandler) {
    this.options = {
      groupId: options.groupId,
      protocolType: options.protocolType,
      sessionTimeoutMs: options.sessionTimeoutMs ?? 45000,
      rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 300000,
      heartbeatIntervalMs: options.heartbeatIntervalMs ?? 3000,
      unreachableTimeoutMs: options.unreachableTimeoutMs ?? options.sessionTimeoutMs ?? 45000,
      groupInstanceId: options.groupInstanceId ?? null,
    }
    this.#cluster = cluster
    this.#handler = handler
    this.#purpose = cluster.newPurpose('group')
    this.meter = new GroupMeter(cluster.options.sensors)
    this.#backoff = new Backoff(cluster.options.retryBackoffMs, cluster.options.retryBackoffMaxMs)
  }

  get state(): MemberState {
    return this.#state
  }

  /** Empty until the coordinator gave one. */
  get memberId(): string {
    return this.#memberId
  }

  /** -1 while not a member. */
  get generation(): number {
    return this.#generation
  }

  /** Who this is when it commits offsets. */
  get committer(): Committer {
    return {
      memberId: this.#memberId,
      generation: this.#generation,
      groupInstanceId: this.options.groupInstanceId,
    }
  }

  /** Begins to join; what comes of it is told to the handler. */
  start(): void {
    if (this.#state !== 'unjoined') return
    this.#state = 'joining'
    void this.#run()
  }

  /** Joins again, because the metadata has changed or the assignment has to. */
  requestRejoin(reason = 'the member asked for it'): void {
    if (this.#isStopped) return
    this.#rejoinReason = reason
    this.#changed.notify()
  }

  /** The owner met an error that says it is no member any more (at a commit, say): joins anew. */
  declareLost(error: ProtocolError): void {
    if (!this.#isStopped) this.#lose(error.code, error.message)
  }

  /** Leaves the group (a static member just stops). Quick even when the coordinator is gone; calls no handler. */
  async leave(reason = 'the member was closed'): Promise<void> {
    if (this.#isStopped) return
    this.#stop('left')
    await this.#sayGoodbye(this.#memberId, reason)
  }

  /**
   * Leaves the group and joins it anew, as another member, when `ready` resolves. No handler is called: the owner keeps
   * its assignment, and knows what others may make of its absence.
   */
  async leaveUntil(ready: Promise<void>, reason: string): Promise<void> {
    if (this.#isStopped) return
    const memberId = this.#memberId
    this.#memberId = ''
    this.#generation = -1
    this.#isAway = true
    const departure = ++this.#departures
    const back = (): void => {
      if (departure === this.#departures) this.#isAway = false
      this.#changed.notify()
    }
    void ready.then(back, back)
    this.requestRejoin(reason)
    await this.#sayGoodbye(memberId, reason)
  }

  async #sayGoodbye(memberId: string, reason: string): Promise<void> {
    const { groupId, groupInstanceId } = this.options
    if (memberId === '' || groupInstanceId !== null || this.#cluster.isClosed) return
    // Looking for it may take long; the end of the session does the same.
    if (!this.#cluster.knowsCoordinator(groupId)) return
    const body = { groupId, memberId, members: [{ memberId, groupInstanceId: null, reason }] }
    try {
      // A signal, since a request that is out of time takes its connection with it, which is not only ours.
      const signal = AbortSignal.timeout(LEAVE_TIMEOUT_MS)
      const node = { group: groupId }
      await this.#cluster.request(LeaveGroup, body, { node, isShared: true, signal, resend: 'never' })
    } catch (error) {
      this.#cluster.options.logger.debug(
        { group: groupId, reason: messageOf(error) },
        'The group was left without notice',
      )
    }
  }

  get #isStopped(): boolean {
    return this.#state === 'left' || this.#state === 'failed'
  }

  #stop(state: 'left' | 'failed'): void {
    this.#state = state
    this.#generation = -1
    this.#stopping.abort()
    this.#endHeartbeats()
    this.#changed.notify()
    this.#cluster.release(this.#purpose)
  }

  async #run(): Promise<void> {
    const { heartbeatIntervalMs } = this.options
    this.#endHeartbeats = heartbeatClock.every(heartbeatIntervalMs, () => void this.#heartbeat())
    while (!this.#isStopped) {
      const departures = this.#departures
      try {
        await this.#joinOnce()
        this.#backoff.reset()
        while (!this.#isStopped && this.#rejoinReason === null)
          await this.#changed.wait({ signal: this.#stopping.signal })
      } catch (error) {
        if (this.#isStopped) return
        if (departures !== this.#departures) continue
        this.meter.rebalanceFailed()
        if (!this.#recover(error)) return
        await pause(this.#backoff.next(), this.#stopping.signal)
      }
    }
  }

  /** One way round: revoke, join, sync, assigned. */
  async #joinOnce(): Promise<void> {
    if (this.#hasAssignment && !this.#isRevoked) {
      // Once a rebalance, however many attempts joining takes.
      this.#isRevoked = true
      await this.#callback('onRevoke', () => this.#handler.onRevoke())
    }
    while (this.#isAway && !this.#isStopped) await this.#changed.wait({ signal: this.#stopping.signal })
    if (this.#isStopped) return
    this.#state = 'joining'
    const departures = this.#departures
    this.meter.rebalanceStarted()
    const reason = this.#rejoinReason
    this.#rejoinReason = null
    const joined = await this.#join(reason)
    if (this.#isStopped || departures !== this.#departures) return
    this.#memberId = joined.memberId
    this.#generation = joined.generationId
    this.#touch()
    this.#state = 'syncing'
    const generation = this.#generation
    const assignments = await this.#assignments(joined)
    if (this.#isStopped || this.#generation !== generation) return
    const assignment = await this.#sync(joined, assignments)
    if (this.#isStopped || this.#generation !== generation) return
    this.#touch()
    this.#state = 'stable'
    this.meter.rebalanceCompleted()
    this.#hasAssignment = true
    this.#isRevoked = false
    const { memberId, leader, protocolName } = joined
    await this.#callback('onAssigned', () =>
      this.#handler.onAssigned(protocolName ?? '', generation, memberId, leader, assignment),
    )
  }

  async #join(reason: string | null): Promise<ResponseOf<typeof JoinGroup>> {
    const { groupId, protocolType, sessionTimeoutMs, rebalanceTimeoutMs, groupInstanceId } = this.options
    for (;;) {
      const body = {
        groupId,
        sessionTimeoutMs,
        rebalanceTimeoutMs,
        memberId: this.#memberId,
        groupInstanceId,
        protocolType,
        protocols: this.#handler.protocols(),
        reason,
      }
      const timeoutMs = Math.max(this.#cluster.options.requestTimeoutMs, rebalanceTimeoutMs + JOIN_GRACE_MS)
      const sentAt = now()
      const answer = await this.#waiting(() =>
        this.#cluster.request(JoinGroup, body, { ...this.#limits(timeoutMs), resend: 'never' }),
      )
      if (answer.errorCode === ErrorCode.NONE) this.meter.joined(sentAt)
      // The coordinator wants the id to be used that it hands out with this error (KIP-394).
      if (answer.errorCode !== ErrorCode.MEMBER_ID_REQUIRED || this.#isStopped)
        return accept(answer, 'joining', groupId)
      this.meter.rebalanceFailed()
      this.#memberId = answer.memberId
    }
  }

  async #assignments(joined: ResponseOf<typeof JoinGroup>): Promise<{ memberId: string; assignment: Uint8Array }[]> {
    if (joined.leader !== joined.memberId) return []
    if (joined.skipAssignment) {
      await this.#handler.onAssignmentKept?.(joined.members)
      return []
    }
    const shares = await this.#handler.assign(joined.protocolName ?? '', joined.leader, joined.members)
    return [...shares].map(([memberId, assignment]) => ({ memberId, assignment }))
  }

  async #sync(
    joined: ResponseOf<typeof JoinGroup>,
    assignments: { memberId: string; assignment: Uint8Array }[],
  ): Promise<Uint8Array> {
    const { groupId, protocolType, rebalanceTimeoutMs, groupInstanceId } = this.options
    const body = {
      groupId,
      generationId: joined.generationId,
      memberId: joined.memberId,
      groupInstanceId,
      protocolType,
      protocolName: joined.protocolName,
      assignments,
    }
    const timeoutMs = Math.max(this.#cluster.options.requestTimeoutMs, rebalanceTimeoutMs + JOIN_GRACE_MS)
    const sentAt = now()
    const answer = await this.#waiting(() =>
      this.#cluster.request(SyncGroup, body, { ...this.#limits(timeoutMs), resend: 'never' }),
    )
    const { assignment } = accept(answer, 'syncing', groupId)
    this.meter.synced(sentAt)
    return assignment
  }

  async #waiting<T>(call: () => Promise<T>): Promise<T> {
    this.#isWaiting = true
    this.#hasConnection = true
    try {
      return await call()
    } finally {
      this.#isWaiting = false
    }
  }

  #limits(timeoutMs: number) {
    return { node: { group: this.options.groupId }, purpose: this.#purpose, timeoutMs, signal: this.#stopping.signal }
  }

  /** What to do after joining or syncing failed; false when the member has failed for good. */
  #recover(error: unknown): boolean {
    const { groupId } = this.options
    const code = error instanceof ProtocolError ? error.code : null
    this.#cluster.options.logger.debug({ group: groupId, reason: messageOf(error) }, 'Joining the group failed')
    if (error instanceof ConnectionError || (code !== null && isCoordinatorError(code))) {
      this.#cluster.forgetCoordinator(groupId)
      if (this.#hasAssignment && this.#isUnreachable()) {
        this.#lose(null, 'the coordinator cannot be reached')
      }
      return true
    }
    if (code === ErrorCode.UNKNOWN_MEMBER_ID || code === ErrorCode.ILLEGAL_GENERATION) {
      this.#lose(code, messageOf(error))
      return true
    }
    if (code === ErrorCode.REBALANCE_IN_PROGRESS || isRetriable(error)) return true
    if (error instanceof ProtocolError && isFatal(error.code)) {
      this.#fail(error)
      return false
    }
    // The leader could not assign, or something unforeseen: others may succeed, and so may the next attempt.
    this.#cluster.options.logger.warn({ group: groupId, err: error }, 'A rebalance failed and is repeated')
    return true
  }

  #fail(error: unknown): void {
    const hadAssignment = this.#hasAssignment
    this.#hasAssignment = false
    this.#stop('failed')
    if (hadAssignment) void this.#tellLoss(false)
    this.#handler.onFatal?.(error)
  }

  /** The coordinator has dropped us, as it `said` by an error code, or may have. */
  #lose(said: number | null, reason: string): void {
    if (said === ErrorCode.UNKNOWN_MEMBER_ID) this.#memberId = ''
    this.#generation = -1
    if (this.#hasAssignment) {
      this.#hasAssignment = false
      this.#cluster.options.logger.info(
        { group: this.options.groupId, reason },
        'The membership was lost; joining anew',
      )
      void this.#tellLoss(said !== null)
    }
    this.requestRejoin(reason)
  }

  #tellLoss(isRemoval: boolean): Promise<void> {
    const loss = { isRemoval, silentMs: Math.round(now() - this.#lastContact) }
    return this.#callback('onLost', () => this.#handler.onLost(loss))
  }

  async #callback(name: string, call: () => void | Promise<void>): Promise<void> {
    try {
      await call()
    } catch (error) {
      this.#cluster.options.logger.error(
        { group: this.options.groupId, err: error },
        `The group handler's ${name} failed`,
      )
    }
  }

  async #heartbeat(): Promise<void> {
    // Closed without leaving first: nothing can be sent any more.
    if (this.#cluster.isClosed) this.#stop('left')
    const generation = this.#generation
    if (generation === -1 || this.#isWaiting || this.#isBeating) return
    if (this.#state === 'stable') this.#disconnect()
    this.#isBeating = true
    try {
      const { groupId, groupInstanceId } = this.options
      const body = { groupId, generationId: generation, memberId: this.#memberId, groupInstanceId }
      this.meter.heartbeatSent()
      const { errorCode } = await this.#cluster.request(Heartbeat, body, {
        node: { group: groupId },
        isShared: true,
        timeoutMs: Math.min(this.#cluster.options.requestTimeoutMs, this.#patienceMs()),
        resend: 'never',
      })
      this.meter.heartbeatAnswered()
      // A JoinGroup, which goes another way, may have been faster: then it is the one that tells.
      if (generation === this.#generation && !this.#isWaiting) this.#onHeartbeat(errorCode)
    } catch (error) {
      if (this.#isStopped) return
      this.#cluster.forgetCoordinator(this.options.groupId)
      if (generation === this.#generation && !this.#isWaiting && this.#isUnreachable()) {
        const silentMs = Math.round(now() - this.#lastContact)
        this.#lose(null, `no answer from the coordinator for ${silentMs} ms: ${messageOf(error)}`)
      }
    } finally {
      this.#isBeating = false
    }
  }

  /** Closes the connection for joining, until the next rebalance. */
  #disconnect(): void {
    if (!this.#hasConnection) return
    this.#hasConnection = false
    this.#cluster.release(this.#purpose)
  }

  #touch(): void {
    this.#lastContact = now()
    this.#unreachableSince = null
  }

  /**
   * How long a heartbeat may take. When the session is over, others have the work: by then this member must know that it
   * has lost it.
   */
  #patienceMs(): number {
    const { sessionTimeoutMs, unreachableTimeoutMs, heartbeatIntervalMs } = this.options
    const time = now()
    const sessionMs = Math.max(heartbeatIntervalMs, sessionTimeoutMs - (time - this.#lastContact))
    if (this.#unreachableSince === null) return sessionMs
    const leftMs = unreachableTimeoutMs - (time - this.#unreachableSince)
    return Math.min(sessionMs, Math.max(LAST_TRY_MS, leftMs))
  }

  /** To be asked whenever the coordinator did not answer: true when that has been so for too long. */
  #isUnreachable(): boolean {
    const { sessionTimeoutMs, unreachableTimeoutMs } = this.options
    const time = now()
    this.#unreachableSince ??= time
    // Timers may be a little early.
    const isTooLong = time - this.#unreachableSince >= unreachableTimeoutMs - 10
    return isTooLong || time - this.#lastContact > sessionTimeoutMs
  }

  #onHeartbeat(code: number): void {
    if (code === ErrorCode.NONE || code === ErrorCode.REBALANCE_IN_PROGRESS) this.#touch()
    if (code === ErrorCode.NONE) return
    if (code === ErrorCode.REBALANCE_IN_PROGRESS) {
      if (this.#state === 'stable') this.requestRejoin('the group is rebalancing')
    } else if (code === ErrorCode.UNKNOWN_MEMBER_ID || code === ErrorCode.ILLEGAL_GENERATION) {
      this.#lose(code, new ProtocolError(code).message)
    } else if (isCoordinatorError(code)) {
      this.#cluster.forgetCoordinator(this.options.groupId)
    } else if (isFatal(code)) {
      this.#fail(new ProtocolError(code))
    }
  }
}

function accept<T extends { errorCode: number }>(answer: T, what: string, group: string): T {
  if (answer.errorCode === ErrorCode.NONE) return answer
  throw new ProtocolError(answer.errorCode, `${what} group ${group}: ${new ProtocolError(answer.errorCode).message}`)
}

/** Errors that another attempt cannot help. */
function isFatal(code: number): boolean {
  return (
    code === ErrorCode.FENCED_INSTANCE_ID ||
    code === ErrorCode.INCONSISTENT_GROUP_PROTOCOL ||
    code === ErrorCode.INVALID_GROUP_ID ||
    code === ErrorCode.INVALID_SESSION_TIMEOUT ||
    code === ErrorCode.GROUP_AUTHORIZATION_FAILED ||
    code === ErrorCode.GROUP_MAX_SIZE_REACHED ||
    code === ErrorCode.UNSUPPORTED_VERSION ||
    code === ErrorCode.UNRELEASED_INSTANCE_ID
  )
}
