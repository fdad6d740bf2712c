import type { Logger } from '../../base/logger.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Clock } from './clock.ts'
import { ClassicGroup } from './group.ts'
import { failedJoin, failedSync, type JoinResult, type SyncResult } from './member.ts'
import { type CommittedOffset, GroupOffsets } from './offsets.ts'
import { partitionForGroup } from './partition-of.ts'
import { groupRecord, groupTombstone, offsetRecord, type StateChange, type StateRecord } from './records.ts'
import type { JoinRequest, SyncRequest } from './requests.ts'
import { replayState, StateLog, type StateTopic } from './state-log.ts'
import { isSubscribed } from './subscription.ts'

/** The coordinator's settings; times in ms. */
export interface CoordinatorOptions {
  readonly initialRebalanceDelayMs: number
  readonly minSessionTimeoutMs: number
  readonly maxSessionTimeoutMs: number
  readonly maxGroupSize: number
  readonly offsetMetadataMaxBytes: number
  readonly offsetsRetentionMs: number
  readonly offsetsRetentionCheckIntervalMs: number
  /** Bytes that are read at once when the state is loaded. */
  readonly loadBufferBytes: number
}

/** One offset to commit. */
export interface OffsetToCommit {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string | null
}

/** Who commits. */
export interface Committer {
  readonly groupId: string
  readonly memberId: string
  readonly instanceId: string | null
  /** −1 = not as a member. */
  readonly generationId: number
  /** −1 = the broker's retention. */
  readonly retentionMs: number
  /** The client knows GROUP_ID_NOT_FOUND as an answer (OffsetCommit version 9 and later). */
  readonly knowsGroupIdNotFound: boolean
}

interface Entry {
  readonly group: ClassicGroup
  readonly offsets: GroupOffsets
}

/**
 * Keeps the groups of the classic protocol and everybody's committed offsets. All that has been answered is in
 * `__consumer_offsets`, from which it is read back at start.
 */
export class GroupCoordinator {
  readonly #options: CoordinatorOptions
  readonly #topic: StateTopic
  readonly #log: StateLog
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #groups = new Map<string, Entry>()
  #cancelCheck: (() => void) | null = null
  #isClosed = false

  private constructor(topic: StateTopic, options: CoordinatorOptions, clock: Clock, logger: Logger) {
    this.#topic = topic
    this.#log = new StateLog(topic, clock)
    this.#options = options
    this.#clock = clock
    this.#logger = logger
  }

  /** Reads the stored state and starts the timers. */
  static async load(
    topic: StateTopic,
    options: CoordinatorOptions,
    clock: Clock,
    logger: Logger,
  ): Promise<GroupCoordinator> {
    const coordinator = new GroupCoordinator(topic, options, clock, logger)
    await coordinator.#load()
    return coordinator
  }

  async #load(): Promise<void> {
    const groups = new Map<string, Extract<StateChange, { kind: 'group' }>>()
    await replayState(this.#topic, this.#options.loadBufferBytes, this.#logger, (change) => {
      if (change.kind === 'group') {
        if (change.value === null) groups.delete(change.group)
        else groups.set(change.group, change)
        return
      }
      const { group, topic, partition, value } = change
      const { offsets } = this.#entry(group)
      if (value === null) offsets.delete(topic, partition)
      else offsets.set(topic, partition, value)
    })
    for (const { group: id, value } of groups.values()) {
      if (value !== null) restoreGroup(this.#entry(id).group, value)
    }
    for (const [id, { group, offsets }] of this.#groups) {
      if (!groups.has(id) && offsets.isEmpty) this.#groups.delete(id)
      else group.resume()
    }
    this.#scheduleCheck()
  }

  #scheduleCheck(): void {
    this.#cancelCheck = this.#clock.schedule(this.#options.offsetsRetentionCheckIntervalMs, () => {
      this.expireOffsets()
        .catch((error: unknown) => this.#logger.error({ err: error }, 'Removing expired offsets failed'))
        .finally(() => {
          if (!this.#isClosed) this.#scheduleCheck()
        })
    })
  }

  /** Stops the timers; requests that wait are answered NOT_COORDINATOR. */
  close(): void {
    this.#isClosed = true
    this.#cancelCheck?.()
    for (const { group } of this.#groups.values()) group.close()
  }

  #entry(groupId: string): Entry {
    let entry = this.#groups.get(groupId)
    if (entry === undefined) {
      const group = new ClassicGroup(groupId, {
        clock: this.#clock,
        initialRebalanceDelayMs: this.#options.initialRebalanceDelayMs,
        maxSize: this.#options.maxGroupSize,
        persist: (changed) => this.#append(changed.id, [groupRecord(changed)]),
      })
      entry = { group, offsets: new GroupOffsets() }
      this.#groups.set(groupId, entry)
    }
    return entry
  }

  #append(groupId: string, records: readonly StateRecord[]): Promise<void> {
    return this.#log.append(partitionForGroup(groupId, this.#topic.partitions), records)
  }

  // ── Membership ───────────────────────────────────────────────────────────────────────────────────────────────────

  async join(groupId: string, request: JoinRequest): Promise<JoinResult> {
    const { memberId, sessionTimeoutMs } = request
    if (groupId === '') return failedJoin(ErrorCode.INVALID_GROUP_ID, memberId)
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.#options
    if (sessionTimeoutMs < minSessionTimeoutMs || sessionTimeoutMs > maxSessionTimeoutMs) {
      return failedJoin(ErrorCode.INVALID_SESSION_TIMEOUT, memberId)
    }
    const existing = this.#groups.get(groupId)
    if (existing === undefined && memberId !== '') return failedJoin(ErrorCode.UNKNOWN_MEMBER_ID, memberId)
    const { group } = existing ?? this.#entry(groupId)
    const result = await group.join(request)
    if (result.errorCode !== ErrorCode.NONE) this.#forgetUnused(groupId)
    return result
  }

  /** Drops a group that a failed attempt to join has made. */
  #forgetUnused(groupId: string): void {
    const entry = this.#groups.get(groupId)
    if (entry !== undefined && entry.group.isUnused && entry.offsets.isEmpty) this.#groups.delete(groupId)
  }

  async sync(groupId: string, request: SyncRequest): Promise<SyncResult> {
    if (groupId === '') return failedSync(ErrorCode.INVALID_GROUP_ID)
    return this.#groups.get(groupId)?.group.sync(request) ?? failedSync(ErrorCode.UNKNOWN_MEMBER_ID)
  }

  heartbeat(groupId: string, memberId: string, instanceId: string | null, generationId: number): number {
    if (groupId === '') return ErrorCode.INVALID_GROUP_ID
    return this.#groups.get(groupId)?.group.heartbeat(memberId, instanceId, generationId) ?? ErrorCode.UNKNOWN_MEMBER_ID
  }

  leave(groupId: string, memberId: string, instanceId: string | null): number {
    return this.#groups.get(groupId)?.group.leave(memberId, instanceId) ?? ErrorCode.UNKNOWN_MEMBER_ID
  }

  // ── Offsets ──────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Whether the committer may commit; gives an error code for all of its offsets. */
  commitError({ groupId, memberId, instanceId, generationId, knowsGroupIdNotFound }: Committer): number {
    const group = this.#groups.get(groupId)?.group
    if (generationId < 0 && memberId === '' && instanceId === null) {
      if (group === undefined || group.state === 'Empty') return ErrorCode.NONE
      return ErrorCode.UNKNOWN_MEMBER_ID
    }
    if (group === undefined) return knowsGroupIdNotFound ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.ILLEGAL_GENERATION
    const error = group.memberError(memberId, instanceId, generationId)
    if (error !== ErrorCode.NONE) return error
    return group.state === 'CompletingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
  }

  /**
   * Stores offsets; resolves with an error code for each, in their order, once they are on disk. The topics have been
   * checked. Rejects if they cannot be written: then none counts.
   */
  async commit(committer: Committer, offsets: readonly OffsetToCommit[]): Promise<number[]> {
    const refusal = this.commitError(committer)
    if (refusal !== ErrorCode.NONE) return offsets.map(() => refusal)
    const now = this.#clock.now()
    const { groupId, retentionMs } = committer
    const codes: number[] = []
    const accepted: { topic: string; partition: number; committed: CommittedOffset }[] = []
    for (const { topic, partition, offset, leaderEpoch, metadata } of offsets) {
      if (Buffer.byteLength(metadata ?? '') > this.#options.offsetMetadataMaxBytes) {
        codes.push(ErrorCode.OFFSET_METADATA_TOO_LARGE)
        continue
      }
      codes.push(ErrorCode.NONE)
      const expireTimestamp = retentionMs < 0 ? -1 : now + retentionMs
      const committed = { offset, leaderEpoch, metadata: metadata ?? '', commitTimestamp: now, expireTimestamp }
      accepted.push({ topic, partition, committed })
    }
    this.#entry(groupId).group.touch(committer.memberId)
    await this.#append(
      groupId,
      accepted.map(({ topic, partition, committed }) => offsetRecord(groupId, topic, partition, committed)),
    )
    // Looked up again: the group may have been removed, and made anew, while the records were written.
    const { offsets: current } = this.#entry(groupId)
    for (const { topic, partition, committed } of accepted) current.set(topic, partition, committed)
    return codes
  }

  /** A group's committed offsets, or undefined if it has none. */
  offsets(groupId: string): GroupOffsets | undefined {
    return this.#groups.get(groupId)?.offsets
  }

  /** Removes committed offsets of one group; gives an error for the whole, or one code for each partition. */
  async deleteOffsets(
    groupId: string,
    partitions: readonly { topic: string; partition: number }[],
  ): Promise<{ errorCode: number; codes: number[] }> {
    const entry = this.#groups.get(groupId)
    if (entry === undefined) return { errorCode: ErrorCode.GROUP_ID_NOT_FOUND, codes: [] }
    const { group, offsets } = entry
    const isInUse = group.state !== 'Empty' && group.state !== 'Dead'
    if (isInUse && group.protocolType !== 'consumer') return { errorCode: ErrorCode.NON_EMPTY_GROUP, codes: [] }
    const records: StateRecord[] = []
    const removed: { topic: string; partition: number }[] = []
    const codes = partitions.map(({ topic, partition }) => {
      if (isInUse && isSubscribed(group, topic)) return ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC
      if (offsets.get(topic, partition) !== undefined) {
        records.push(offsetRecord(groupId, topic, partition, null))
        removed.push({ topic, partition })
      }
      return ErrorCode.NONE
    })
    await this.#append(groupId, records)
    for (const { topic, partition } of removed) offsets.delete(topic, partition)
    return { errorCode: ErrorCode.NONE, codes }
  }

  /** Drops what groups have committed for a topic that is gone. */
  async forgetTopic(topic: string): Promise<void> {
    for (const [groupId, { offsets }] of this.#groups) {
      const partitions = offsets.partitions(topic)
      await this.#append(
        groupId,
        partitions.map((partition) => offsetRecord(groupId, topic, partition, null)),
      )
      for (const partition of partitions) offsets.delete(topic, partition)
    }
  }

  /** Drops offsets that are past their retention, and groups that nothing is left of. */
  async expireOffsets(): Promise<void> {
    const now = this.#clock.now()
    for (const [groupId, { group, offsets }] of this.#groups) {
      const expired = [...offsets.entries()].filter((entry) => this.#isExpired(group, entry, now))
      const records = expired.map(({ topic, partition }) => offsetRecord(groupId, topic, partition, null))
      if (group.isUnused && offsets.isEmpty) {
        this.#groups.delete(groupId)
        continue
      }
      const isLast = group.state === 'Empty' && [...offsets.entries()].length === expired.length
      if (isLast) records.push(groupTombstone(groupId))
      await this.#append(groupId, records)
      for (const { topic, partition } of expired) offsets.delete(topic, partition)
      if (isLast && group.state === 'Empty' && offsets.isEmpty) {
        this.#groups.delete(groupId)
        group.close()
      }
    }
  }

  #isExpired(
    group: ClassicGroup,
    { topic, committed }: { topic: string; committed: CommittedOffset },
    now: number,
  ): boolean {
    if (committed.expireTimestamp >= 0) return now >= committed.expireTimestamp
    const retention = this.#options.offsetsRetentionMs
    if (group.protocolType === null) return now - committed.commitTimestamp >= retention
    if (group.state === 'Empty') return now - Math.max(group.stateSince, committed.commitTimestamp) >= retention
    if (group.state !== 'Stable' || group.protocolType !== 'consumer') return false
    return !isSubscribed(group, topic) && now - committed.commitTimestamp >= retention
  }

  // ── Administration ───────────────────────────────────────────────────────────────────────────────────────────────

  /** All groups, those that only hold offsets included. */
  list(): ClassicGroup[] {
    return [...this.#groups.values()].map(({ group }) => group)
  }

  get(groupId: string): ClassicGroup | undefined {
    return this.#groups.get(groupId)?.group
  }

  /** Deletes a group that nobody is in, with its offsets; gives an error code. */
  async delete(groupId: string): Promise<number> {
    const entry = this.#groups.get(groupId)
    if (entry === undefined) return ErrorCode.GROUP_ID_NOT_FOUND
    const { group, offsets } = entry
    if (group.state !== 'Empty') return ErrorCode.NON_EMPTY_GROUP
    group.close()
    this.#groups.delete(groupId)
    const tombstones = [...offsets.entries()].map(({ topic, partition }) =>
      offsetRecord(groupId, topic, partition, null),
    )
    await this.#append(groupId, [...tombstones, groupTombstone(groupId)])
    return ErrorCode.NONE
  }
}

function restoreGroup(group: ClassicGroup, value: NonNullable<Extract<StateChange, { kind: 'group' }>['value']>): void {
  group.restore({
    generation: value.generation,
    protocolType: value.protocolType,
    protocol: value.protocol,
    leader: value.leader,
    stateSince: value.currentStateTimestamp,
    members: value.members.map((member) => ({
      id: member.memberId,
      instanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      sessionTimeoutMs: member.sessionTimeout,
      rebalanceTimeoutMs: member.rebalanceTimeout < 0 ? member.sessionTimeout : member.rebalanceTimeout,
      protocols:
        value.protocol === null ? [] : [{ name: value.protocol, metadata: Uint8Array.from(member.subscription) }],
      assignment: Uint8Array.from(member.assignment),
    })),
  })
}
