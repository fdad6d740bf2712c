import { randomUUID } from 'node:crypto'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Clock } from './clock.ts'
import {
  electProtocol,
  failedJoin,
  failedSync,
  type JoinResult,
  type Member,
  metadataOf,
  NO_BYTES,
  sameProtocols,
  type SyncResult,
} from './member.ts'
import type { JoinRequest, SyncRequest } from './requests.ts'
import { newMember, Roster, updateMember } from './roster.ts'

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead'

/** How long a member that was never part of a generation may wait in its first JoinGroup. */
const NEW_MEMBER_JOIN_TIMEOUT_MS = 300000

export interface GroupOptions {
  readonly clock: Clock
  readonly initialRebalanceDelayMs: number
  readonly maxSize: number
  /** Makes the group as it is now durable; its snapshot is taken before the call returns. */
  persist(group: ClassicGroup): Promise<void>
}

/**
 * The state machine of one group of the classic protocol:
 *
 *     Empty ── join ──▶ PreparingRebalance ── all joined, or time is up ──▶ CompletingRebalance ── leader's sync ──▶ Stable
 *       ▲                  │        ▲  ▲                                        │ change, late sync                   │
 *       └── nobody left ───┘        │  └────────────────────────────────────────┘                                     │
 *                                   └─────────────────────── join, leave, silence ────────────────────────────────────┘
 *
 * Everything happens in the call or in a timer of the clock; the only thing waited for is `persist`.
 */
export class ClassicGroup {
  readonly id: string
  readonly #options: GroupOptions
  readonly #roster = new Roster()
  #state: GroupState = 'Empty'
  #stateSince: number
  #generation = 0
  #protocolType: string | null = null
  #protocol: string | null = null
  #leader: string | null = null
  #cancelTimer: (() => void) | null = null
  #isInInitialDelay = false
  #hasNewMember = false
  #isStoringAssignment = false

  constructor(id: string, options: GroupOptions) {
    this.id = id
    this.#options = options
    this.#stateSince = options.clock.now()
  }

  get state(): GroupState {
    return this.#state
  }

  /** When the state was entered, in ms since 1970. */
  get stateSince(): number {
    return this.#stateSince
  }

  get generation(): number {
    return this.#generation
  }

  /** Null for a group that only holds offsets. */
  get protocolType(): string | null {
    return this.#protocolType
  }

  get protocol(): string | null {
    return this.#protocol
  }

  get leader(): string | null {
    return this.#leader
  }

  get members(): readonly Member[] {
    return this.#roster.all()
  }

  /** Nobody ever got into the group. */
  get isUnused(): boolean {
    return this.#generation === 0 && this.#roster.size === 0 && this.#roster.pendingSize === 0
  }

  /** Puts the group back as it was stored; members have their whole session to show up again. */
  restore(stored: {
    generation: number
    protocolType: string
    protocol: string | null
    leader: string | null
    stateSince: number
    members: readonly Omit<Member, 'isNew' | 'joining' | 'syncing' | 'owesSync' | 'cancelSession'>[]
  }): void {
    this.#generation = stored.generation
    this.#protocolType = stored.protocolType === '' ? null : stored.protocolType
    this.#protocol = stored.protocol
    this.#leader = stored.leader
    for (const fields of stored.members) {
      const member: Member = {
        ...fields,
        isNew: false,
        joining: null,
        syncing: null,
        owesSync: false,
        cancelSession: null,
      }
      this.#roster.add(member)
    }
    this.#state = this.#roster.size === 0 ? 'Empty' : 'Stable'
    this.#stateSince = stored.stateSince >= 0 ? stored.stateSince : this.#options.clock.now()
  }

  /** Starts the sessions of restored members. */
  resume(): void {
    for (const member of this.members) this.#startSession(member)
  }

  // ── JoinGroup ────────────────────────────────────────────────────────────────────────────────────────────────────

  join(request: JoinRequest): Promise<JoinResult> {
    return new Promise((answer) => this.#join(request, answer))
  }

  #join(request: JoinRequest, answer: (result: JoinResult) => void): void {
    const { memberId, instanceId } = request
    const refuse = (errorCode: number, id = memberId): void => answer(failedJoin(errorCode, id))
    if (this.#state === 'Dead') return refuse(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    if (!this.#accepts(request)) return refuse(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    if (memberId === '' && instanceId !== null) return this.#joinStatic(request, instanceId, answer)
    if (memberId === '') {
      if (this.#isFull()) return refuse(ErrorCode.GROUP_MAX_SIZE_REACHED)
      const newId = `${request.clientId}-${randomUUID()}`
      if (!request.canBeToldItsId) return this.#addMember(newId, request, answer)
      this.#addPending(newId, request.sessionTimeoutMs)
      return refuse(ErrorCode.MEMBER_ID_REQUIRED, newId)
    }
    if (instanceId !== null) {
      const error = this.#roster.instanceError(memberId, instanceId)
      if (error !== ErrorCode.NONE) return refuse(error)
    }
    if (this.#roster.takePending(memberId)) return this.#addMember(memberId, request, answer)
    const member = this.#roster.get(memberId)
    if (member === undefined) return refuse(ErrorCode.UNKNOWN_MEMBER_ID)
    this.#rejoin(member, request, answer)
  }

  #rejoin(member: Member, request: JoinRequest, answer: (result: JoinResult) => void): void {
    const isUnchanged = sameProtocols(member.protocols, request.protocols)
    const isAnsweredAtOnce =
      isUnchanged && (this.#state === 'CompletingRebalance' || (this.#state === 'Stable' && member.id !== this.#leader))
    if (isAnsweredAtOnce) {
      this.#startSession(member)
      answer(this.#joinResult(member, false))
      return
    }
    updateMember(member, request)
    this.#park(member, answer)
    this.#rebalance()
  }

  #joinStatic(request: JoinRequest, instanceId: string, answer: (result: JoinResult) => void): void {
    const newId = `${instanceId}-${randomUUID()}`
    const member = this.#roster.byInstance(instanceId)
    if (member === undefined) {
      if (this.#isFull()) return answer(failedJoin(ErrorCode.GROUP_MAX_SIZE_REACHED, ''))
      return this.#addMember(newId, request, answer)
    }
    const oldLeader = this.#leader
    this.#replaceStatic(member, newId)
    updateMember(member, request)
    // Its subscription may differ: that names what the member owned before it went, and the leader sees it in the next rebalance.
    if (this.#state === 'Stable' && electProtocol(this.members) === this.#protocol) {
      this.#startSession(member)
      const result = this.#joinResult(member, request.canSkipAssignment)
      // A leader that cannot skip must not assign anew: it is told that its former self leads.
      const shown = request.canSkipAssignment ? result : { ...result, leader: oldLeader ?? '', members: [] }
      this.#options.persist(this).then(
        () => answer(shown),
        () => answer(failedJoin(ErrorCode.COORDINATOR_NOT_AVAILABLE, newId)),
      )
      return
    }
    this.#park(member, answer)
    this.#rebalance()
  }

  #replaceStatic(member: Member, newId: string): void {
    const oldId = member.id
    member.joining?.(failedJoin(ErrorCode.FENCED_INSTANCE_ID, oldId))
    member.joining = null
    member.syncing?.(failedSync(ErrorCode.FENCED_INSTANCE_ID))
    member.syncing = null
    this.#roster.rename(member, newId)
    if (this.#leader === oldId) this.#leader = newId
  }

  #accepts({ protocolType, protocols }: JoinRequest): boolean {
    if (protocolType === '' || protocols.length === 0) return false
    if (this.#roster.size === 0) return true
    return this.#protocolType === protocolType && this.#roster.sharesProtocol(protocols)
  }

  #isFull(): boolean {
    return this.#roster.size + this.#roster.pendingSize >= this.#options.maxSize
  }

  #addPending(id: string, sessionTimeoutMs: number): void {
    const cancel = this.#options.clock.schedule(sessionTimeoutMs, () => {
      this.#roster.takePending(id)
      this.#completeJoinIfAllAreHere()
    })
    this.#roster.addPending(id, cancel)
  }

  #addMember(id: string, request: JoinRequest, answer: (result: JoinResult) => void): void {
    if (this.#roster.size >= this.#options.maxSize) return answer(failedJoin(ErrorCode.GROUP_MAX_SIZE_REACHED, id))
    const member = newMember(id, request)
    if (this.#roster.size === 0) this.#protocolType = request.protocolType
    this.#roster.add(member)
    this.#leader ??= id
    this.#hasNewMember = true
    this.#park(member, answer)
    this.#rebalance()
  }

  /** Keeps a JoinGroup until the rebalance is over. An earlier one of the same member is a lost retry. */
  #park(member: Member, answer: (result: JoinResult) => void): void {
    member.joining?.(failedJoin(ErrorCode.REBALANCE_IN_PROGRESS, member.id))
    member.joining = answer
    member.cancelSession?.()
    member.cancelSession = member.isNew
      ? this.#options.clock.schedule(NEW_MEMBER_JOIN_TIMEOUT_MS, () => this.#expire(member))
      : null
  }

  #joinResult(member: Member, skipAssignment: boolean): JoinResult {
    const isLeader = member.id === this.#leader
    return {
      errorCode: ErrorCode.NONE,
      memberId: member.id,
      generationId: this.#generation,
      protocolType: this.#protocolType,
      protocolName: this.#protocol,
      leader: this.#leader ?? '',
      skipAssignment: skipAssignment && isLeader,
      members: isLeader
        ? this.members.map((other) => ({
            memberId: other.id,
            groupInstanceId: other.instanceId,
            metadata: metadataOf(other, this.#protocol),
          }))
        : [],
    }
  }

  // ── Rebalance ────────────────────────────────────────────────────────────────────────────────────────────────────

  #enter(state: GroupState): void {
    this.#state = state
    this.#stateSince = this.#options.clock.now()
  }

  #setTimer(delayMs: number, action: () => void): void {
    this.#cancelTimer?.()
    this.#cancelTimer = this.#options.clock.schedule(delayMs, () => {
      this.#cancelTimer = null
      action()
    })
  }

  /** Begins a rebalance, or looks whether the one that goes on is complete now. */
  #rebalance(): void {
    if (this.#state === 'PreparingRebalance') {
      this.#completeJoinIfAllAreHere()
      return
    }
    for (const member of this.members) {
      if (this.#state === 'CompletingRebalance') member.assignment = NO_BYTES
      member.owesSync = false
      if (member.syncing === null) continue
      member.syncing(failedSync(ErrorCode.REBALANCE_IN_PROGRESS))
      member.syncing = null
      this.#startSession(member)
    }
    const wasEmpty = this.#state === 'Empty'
    this.#enter('PreparingRebalance')
    if (wasEmpty && this.#options.initialRebalanceDelayMs > 0) {
      this.#isInInitialDelay = true
      this.#delayFirstRebalance(this.#roster.rebalanceTimeoutMs())
      return
    }
    this.#setTimer(this.#roster.rebalanceTimeoutMs(), () => this.#completeJoin())
    this.#completeJoinIfAllAreHere()
  }

  /** Waits for more members to come, in steps, as long as new ones do and the rebalance timeout allows. */
  #delayFirstRebalance(remainingMs: number): void {
    const delay = Math.min(this.#options.initialRebalanceDelayMs, remainingMs)
    this.#hasNewMember = false
    this.#setTimer(delay, () => {
      const left = remainingMs - delay
      if (this.#hasNewMember && left > 0) {
        this.#delayFirstRebalance(left)
        return
      }
      this.#isInInitialDelay = false
      this.#completeJoin()
    })
  }

  #completeJoinIfAllAreHere(): void {
    if (this.#state !== 'PreparingRebalance' || this.#isInInitialDelay || this.#roster.pendingSize > 0) return
    if (this.members.every(({ joining }) => joining !== null)) this.#completeJoin()
  }

  #completeJoin(): void {
    for (const member of this.members) {
      if (member.joining === null && member.instanceId === null) this.#drop(member)
    }
    if (this.#roster.size > 0 && !this.#electLeader()) {
      // Only static members are left, and none of them has come back yet.
      this.#setTimer(this.#roster.rebalanceTimeoutMs(), () => this.#completeJoin())
      return
    }
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#isInInitialDelay = false
    this.#hasNewMember = false
    this.#generation = this.#generation === 2147483647 ? 0 : this.#generation + 1
    if (this.#roster.size === 0) {
      this.#protocol = null
      this.#enter('Empty')
      // Nobody waits for this; if it fails, a restart finds members that then run into their session timeout.
      this.#options.persist(this).catch(() => undefined)
      return
    }
    this.#protocol = electProtocol(this.members)
    this.#enter('CompletingRebalance')
    this.#isStoringAssignment = false
    for (const member of this.members) {
      const answer = member.joining
      // A static member that has not come back yet: its place is kept until its session ends.
      if (answer === null) continue
      member.joining = null
      member.owesSync = true
      member.isNew = false
      this.#startSession(member)
      answer(this.#joinResult(member, false))
    }
    const generation = this.#generation
    this.#setTimer(this.#roster.rebalanceTimeoutMs(), () => this.#dropThoseWithoutSync(generation))
  }

  /** The leader stays while it rejoins; else the first member that did takes over. */
  #electLeader(): boolean {
    const leader = this.#leader === null ? undefined : this.#roster.get(this.#leader)
    if (leader !== undefined && leader.joining !== null) return true
    const next = this.members.find(({ joining }) => joining !== null)
    if (next === undefined) return false
    this.#leader = next.id
    return true
  }

  #dropThoseWithoutSync(generation: number): void {
    if (this.#generation !== generation || (this.#state !== 'CompletingRebalance' && this.#state !== 'Stable')) return
    const late = this.members.filter(({ owesSync }) => owesSync)
    if (late.length === 0) return
    for (const member of late) this.#drop(member)
    this.#rebalance()
  }

  // ── SyncGroup, Heartbeat, LeaveGroup ─────────────────────────────────────────────────────────────────────────────

  sync(request: SyncRequest): Promise<SyncResult> {
    return new Promise((answer) => this.#sync(request, answer))
  }

  #sync(request: SyncRequest, answer: (result: SyncResult) => void): void {
    const error = this.#syncError(request)
    if (error !== ErrorCode.NONE) return answer(failedSync(error))
    const member = this.#roster.get(request.memberId) as Member
    member.owesSync = false
    if (this.#state === 'Stable') {
      this.#startSession(member)
      answer(this.#syncResult(member))
      return
    }
    member.syncing?.(failedSync(ErrorCode.REBALANCE_IN_PROGRESS))
    member.syncing = answer
    // While it waits for the leader a member need not send heartbeats.
    member.cancelSession?.()
    member.cancelSession = null
    if (member.id === this.#leader && !this.#isStoringAssignment) this.#storeAssignments(request.assignments)
  }

  #syncError(request: SyncRequest): number {
    if (this.#state === 'Dead') return ErrorCode.COORDINATOR_NOT_AVAILABLE
    const error = this.memberError(request.memberId, request.instanceId, request.generationId)
    if (error !== ErrorCode.NONE) return error
    const { protocolType, protocolName } = request
    if (
      (protocolType !== null && protocolType !== this.#protocolType) ||
      (protocolName !== null && this.#protocol !== null && protocolName !== this.#protocol)
    ) {
      return ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    }
    if (this.#state === 'PreparingRebalance') return ErrorCode.REBALANCE_IN_PROGRESS
    return ErrorCode.NONE
  }

  #storeAssignments(assignments: SyncRequest['assignments']): void {
    const byMember = new Map(assignments.map(({ memberId, assignment }) => [memberId, assignment]))
    // Copies: what came with the request is a view of a network buffer.
    for (const member of this.members) member.assignment = Uint8Array.from(byMember.get(member.id) ?? NO_BYTES)
    this.#isStoringAssignment = true
    const generation = this.#generation
    const isCurrent = (): boolean => this.#state === 'CompletingRebalance' && this.#generation === generation
    this.#options.persist(this).then(
      () => {
        if (isCurrent()) this.#becomeStable()
      },
      () => {
        if (!isCurrent()) return
        for (const member of this.members) {
          member.syncing?.(failedSync(ErrorCode.COORDINATOR_NOT_AVAILABLE))
          if (member.syncing !== null) this.#startSession(member)
          member.syncing = null
        }
        this.#rebalance()
      },
    )
  }

  #becomeStable(): void {
    this.#isStoringAssignment = false
    this.#enter('Stable')
    for (const member of this.members) {
      const answer = member.syncing
      if (answer === null) continue
      member.syncing = null
      this.#startSession(member)
      answer(this.#syncResult(member))
    }
  }

  #syncResult(member: Member): SyncResult {
    return {
      errorCode: ErrorCode.NONE,
      protocolType: this.#protocolType,
      protocolName: this.#protocol,
      assignment: member.assignment,
    }
  }

  /** Keeps a member alive; gives an error code. REBALANCE_IN_PROGRESS tells it to join again and prolongs its session too. */
  heartbeat(memberId: string, instanceId: string | null, generationId: number): number {
    if (this.#state === 'Dead') return ErrorCode.COORDINATOR_NOT_AVAILABLE
    const error = this.memberError(memberId, instanceId, generationId)
    if (error !== ErrorCode.NONE) return error
    this.touch(memberId)
    return this.#state === 'PreparingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
  }

  /** Takes out a member, by its id or by its instance id alone; gives an error code. */
  leave(memberId: string, instanceId: string | null): number {
    if (this.#state === 'Dead') return ErrorCode.COORDINATOR_NOT_AVAILABLE
    if (instanceId !== null) {
      const current = this.#roster.byInstance(instanceId)
      if (current === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
      if (memberId !== '' && memberId !== current.id) return ErrorCode.FENCED_INSTANCE_ID
      this.#remove(current)
      return ErrorCode.NONE
    }
    if (this.#roster.takePending(memberId)) {
      this.#completeJoinIfAllAreHere()
      return ErrorCode.NONE
    }
    const member = this.#roster.get(memberId)
    if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
    this.#remove(member)
    return ErrorCode.NONE
  }

  // ── Members ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whether a request comes from a member of the current generation; gives an error code. */
  memberError(memberId: string, instanceId: string | null, generationId: number): number {
    if (instanceId !== null) {
      const error = this.#roster.instanceError(memberId, instanceId)
      if (error !== ErrorCode.NONE) return error
    }
    if (this.#roster.get(memberId) === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
    return generationId === this.#generation ? ErrorCode.NONE : ErrorCode.ILLEGAL_GENERATION
  }

  /** Prolongs a member's session. */
  touch(memberId: string): void {
    const member = this.#roster.get(memberId)
    if (member !== undefined && member.joining === null && member.syncing === null) this.#startSession(member)
  }

  #startSession(member: Member): void {
    member.cancelSession?.()
    member.cancelSession = this.#options.clock.schedule(member.sessionTimeoutMs, () => this.#expire(member))
  }

  #expire(member: Member): void {
    if (this.#roster.get(member.id) === member) this.#remove(member)
  }

  #remove(member: Member): void {
    this.#drop(member)
    if (this.#state === 'Stable' || this.#state === 'CompletingRebalance') this.#rebalance()
    else this.#completeJoinIfAllAreHere()
  }

  /** Forgets a member without looking at what that means for the rebalance. */
  #drop(member: Member): void {
    member.cancelSession?.()
    member.cancelSession = null
    member.joining?.(failedJoin(ErrorCode.UNKNOWN_MEMBER_ID, member.id))
    member.joining = null
    member.syncing?.(failedSync(ErrorCode.UNKNOWN_MEMBER_ID))
    member.syncing = null
    this.#roster.remove(member)
    if (this.#leader === member.id) this.#leader = this.members[0]?.id ?? null
  }

  /** Ends the group: it is deleted, or the broker stops. Whoever waits is told to look for the coordinator again. */
  close(): void {
    this.#enter('Dead')
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#roster.clearPending()
    for (const member of this.members) {
      member.cancelSession?.()
      member.joining?.(failedJoin(ErrorCode.NOT_COORDINATOR, member.id))
      member.syncing?.(failedSync(ErrorCode.NOT_COORDINATOR))
      member.joining = null
      member.syncing = null
    }
  }
}
