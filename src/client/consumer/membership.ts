import type { ProtocolError } from '../../protocol/errors.ts'
import type { Cluster } from '../cluster.ts'
import { messageOf } from '../errors.ts'
import type { AssignableMember, Assignor } from '../group/assignor.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../group/consumer-protocol.ts'
import { cooperativeStickyAssignor } from '../group/cooperative-sticky-assignor.ts'
import { type GroupHandler, GroupMember, type JoinedMember } from '../group/member.ts'
import { rangeAssignor } from '../group/range-assignor.ts'
import { roundRobinAssignor } from '../group/round-robin-assignor.ts'
import { stickyAssignor } from '../group/sticky-assignor.ts'
import type { Committer } from '../offsets.ts'
import { partitionKey, type TopicPartition } from '../topic-partition.ts'
import type { AssignmentStrategy, ResolvedConsumerOptions } from './options.ts'

/** How often is looked for topics that were subscribed to but do not exist yet. */
const MISSING_TOPICS_INTERVAL_MS = 2000

const assignors: Record<AssignmentStrategy, Assignor> = {
  range: rangeAssignor,
  roundrobin: roundRobinAssignor,
  sticky: stickyAssignor,
  'cooperative-sticky': cooperativeStickyAssignor,
}

/** Told about changes of the assignment from within `poll`, which waits for what these return. */
export interface RebalanceListener {
  /** Partitions that are new here; `seek` works on them. */
  onAssigned?(partitions: TopicPartition[]): void | Promise<void>
  /** Partitions that go to others; committing still works. */
  onRevoked?(partitions: TopicPartition[]): void | Promise<void>
  /** Partitions that others may have already; do not commit. */
  onLost?(partitions: TopicPartition[]): void | Promise<void>
}

export type SubscribedTopics = { topics: readonly string[] } | { pattern: RegExp }

export interface MembershipDeps {
  cluster: Cluster
  options: ResolvedConsumerOptions & { groupId: string }
  /** The partitions to read from now on. */
  setPartitions(partitions: TopicPartition[]): void
  /** Something waits to be run by {@link ConsumerMembership.runPending}, or has failed. */
  wake(): void
}

interface PendingCall {
  run: () => Promise<void>
  done: () => void
}

/** A subscribed consumer's place in its group: turns what the group decides into calls that run inside `poll`. */
export class ConsumerMembership {
  readonly #deps: MembershipDeps
  readonly #subscribed: SubscribedTopics
  readonly #listener: RebalanceListener
  readonly #assignors: Assignor[]
  readonly #isCooperative: boolean
  #member: GroupMember
  #topics: string[]
  #owned: TopicPartition[] = []
  /** Of the last assignment, also when it was given up since. */
  #assigned: TopicPartition[] = []
  #ownedGeneration = -1
  #pending: PendingCall[] = []
  #error: unknown = null
  /** Partition counts that the assignment of this leader was made from; null at followers. */
  #assignedCounts: Map<string, number> | null = null
  #isStarted = false
  #isClosed = false
  #topicsTimer: NodeJS.Timeout | undefined
  #pollTimer: NodeJS.Timeout | undefined

  constructor(deps: MembershipDeps, subscribed: SubscribedTopics, listener: RebalanceListener) {
    this.#deps = deps
    this.#subscribed = subscribed
    this.#listener = listener
    this.#assignors = deps.options.partitionAssignmentStrategy.map((name) => assignors[name])
    this.#isCooperative = this.#assignors.every(({ isCooperative }) => isCooperative)
    this.#topics = 'topics' in subscribed ? [...new Set(subscribed.topics)] : []
    this.#member = this.#newMember()
  }

  get committer(): Committer {
    return this.#member.committer
  }

  get memberId(): string {
    return this.#member.memberId
  }

  get generation(): number {
    return this.#member.generation
  }

  /** Begins or goes on with taking part, and runs the callbacks that are due. @throws what ended the membership */
  async runPending(): Promise<void> {
    clearTimeout(this.#pollTimer)
    if (!this.#isStarted) await this.#start()
    for (let call = this.#pending.shift(); call !== undefined; call = this.#pending.shift()) {
      try {
        await call.run()
      } finally {
        call.done()
      }
    }
    if (this.#error === null) return
    const error = this.#error
    this.#error = null
    throw error
  }

  /** The application is on its own from here on until it polls again; it has `max.poll.interval.ms` for it. */
  pollEnded(): void {
    if (this.#isClosed) return
    clearTimeout(this.#pollTimer)
    this.#pollTimer = setTimeout(() => this.#expire(), this.#deps.options.maxPollIntervalMs)
    this.#pollTimer.unref()
  }

  declareLost(error: ProtocolError): void {
    this.#member.declareLost(error)
  }

  requestRejoin(reason: string): void {
    this.#member.requestRejoin(reason)
  }

  /** Gives the partitions back (`onRevoked`) and leaves. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#pollTimer)
    clearTimeout(this.#topicsTimer)
    const wasMember = this.#member.generation !== -1
    const owned = this.#owned
    try {
      if (owned.length > 0) {
        if (wasMember) await this.#listener.onRevoked?.(owned)
        else await this.#lostOrRevoked(owned)
      }
    } finally {
      this.#owned = []
      this.#deps.setPartitions([])
      for (const { done } of this.#pending.splice(0)) done()
      await this.#member.leave('the consumer is being closed')
    }
  }

  async #start(): Promise<void> {
    this.#isStarted = true
    if ('pattern' in this.#subscribed) {
      try {
        this.#topics = await this.#matchingTopics()
      } catch (error) {
        this.#deps.cluster.options.logger.debug({ reason: messageOf(error) }, 'Topics could not be listed yet')
      }
    }
    if (this.#isClosed) return
    this.#member.start()
    this.#scheduleTopicsCheck()
  }

  #newMember(): GroupMember {
    const { groupId, groupInstanceId, sessionTimeoutMs, heartbeatIntervalMs, maxPollIntervalMs } = this.#deps.options
    const handler: GroupHandler = {
      protocols: () => this.#protocols(),
      assign: (protocol, _leader, members) => this.#assign(protocol, members),
      onAssignmentKept: async (members) => this.#watchPartitions(await this.#countsFor(assignable(members))),
      onRevoke: () => (this.#isCooperative ? Promise.resolve() : this.#inPoll(() => this.#revokeAll())),
      onAssigned: (_protocol, generation, _member, _leader, assignment) =>
        this.#inPoll(() => this.#takeAssignment(generation, decodeAssignment(assignment))),
      onLost: () => this.#inPoll(() => this.#loseAll()),
      onFatal: (error) => {
        this.#error = error
        this.#deps.wake()
      },
    }
    const options = { sessionTimeoutMs, heartbeatIntervalMs, rebalanceTimeoutMs: maxPollIntervalMs, groupInstanceId }
    return new GroupMember(this.#deps.cluster, { groupId, protocolType: 'consumer', ...options }, handler)
  }

  /** Resolves when a poll has run it, or the consumer is closed. */
  #inPoll(run: () => Promise<void>): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    return new Promise((done) => {
      this.#pending.push({ run, done })
      this.#deps.wake()
    })
  }

  #protocols(): { name: string; metadata: Uint8Array }[] {
    return this.#assignors.map((assignor) => ({
      name: assignor.name,
      metadata: encodeSubscription({
        topics: this.#topics,
        userData: assignor.userData(this.#ownedGeneration, this.#assigned),
        ownedPartitions: this.#owned,
        generation: this.#ownedGeneration,
        rackId: null,
      }),
    }))
  }

  async #assign(protocol: string, joined: JoinedMember[]): Promise<Map<string, Uint8Array>> {
    const assignor = this.#assignors.find(({ name }) => name === protocol)
    if (assignor === undefined) throw new Error(`the group chose the unknown assignor ${protocol}`)
    const members = assignable(joined)
    const counts = await this.#countsFor(members)
    const shares = assignor.assign(members, counts)
    this.#watchPartitions(counts)
    return new Map([...shares].map(([memberId, partitions]) => [memberId, encodeAssignment(partitions)]))
  }

  /** As the group's leader: how many partitions the topics have that its members consume. */
  #countsFor(members: AssignableMember[]): Promise<Map<string, number>> {
    return this.#partitionCounts([...new Set(members.flatMap(({ subscription }) => subscription.topics))])
  }

  /** As the group's leader: looks now and then whether these counts have changed. */
  #watchPartitions(counts: Map<string, number>): void {
    this.#assignedCounts = counts
    this.#scheduleTopicsCheck()
  }

  async #partitionCounts(topics: string[]): Promise<Map<string, number>> {
    const { cluster, options } = this.#deps
    await cluster.metadata.refresh(topics, { create: options.allowAutoCreateTopics })
    return new Map(topics.map((topic) => [topic, cluster.metadata.peek(topic)?.partitions.length ?? 0]))
  }

  async #revokeAll(): Promise<void> {
    const owned = this.#owned
    this.#owned = []
    try {
      // Read on until the listener is done: it may want positions. Nothing is handed out meanwhile.
      if (owned.length > 0) await this.#listener.onRevoked?.(owned)
    } finally {
      this.#deps.setPartitions([])
    }
  }

  async #loseAll(): Promise<void> {
    const owned = this.#owned
    this.#owned = []
    this.#assigned = []
    this.#ownedGeneration = -1
    this.#deps.setPartitions([])
    if (owned.length > 0) await this.#lostOrRevoked(owned)
  }

  /** A listener without `onLost` is told of a revocation, as in Kafka. */
  async #lostOrRevoked(partitions: TopicPartition[]): Promise<void> {
    if (this.#listener.onLost !== undefined) await this.#listener.onLost(partitions)
    else await this.#listener.onRevoked?.(partitions)
  }

  async #takeAssignment(generation: number, partitions: TopicPartition[]): Promise<void> {
    // Decided in a generation that is over: what follows it is in the queue already.
    if (generation !== this.#member.generation) return
    if (!partitions.every(({ topic }) => this.#isSubscribed(topic))) {
      // A static member has come back with another subscription; naming this generation makes the coordinator heed it.
      this.#ownedGeneration = generation
      this.#member.requestRejoin('the assignment has topics that are not subscribed to')
      return
    }
    const [now, before] = [keySet(partitions), keySet(this.#owned)]
    const revoked = this.#owned.filter(({ topic, partition }) => !now.has(partitionKey(topic, partition)))
    const added = partitions.filter(({ topic, partition }) => !before.has(partitionKey(topic, partition)))
    if (revoked.length > 0) {
      await this.#listener.onRevoked?.(revoked)
      // Whoever gets these waits for us to say that we gave them up.
      this.#member.requestRejoin('partitions were given up')
    }
    this.#owned = partitions
    this.#assigned = partitions
    this.#ownedGeneration = generation
    this.#deps.setPartitions(partitions)
    await this.#listener.onAssigned?.(added)
  }

  #isSubscribed(topic: string): boolean {
    if (!('pattern' in this.#subscribed)) return this.#subscribed.topics.includes(topic)
    const { pattern } = this.#subscribed
    pattern.lastIndex = 0
    return pattern.test(topic)
  }

  async #matchingTopics(): Promise<string[]> {
    if (!('pattern' in this.#subscribed)) return this.#topics
    const topics = await this.#deps.cluster.metadata.allTopics()
    return topics
      .filter(({ name, isInternal }) => !isInternal && this.#isSubscribed(name))
      .map(({ name }) => name)
      .toSorted()
  }

  #scheduleTopicsCheck(): void {
    if (this.#isClosed) return
    clearTimeout(this.#topicsTimer)
    const { metadataMaxAgeMs } = this.#deps.cluster.options
    const isMissing = this.#assignedCounts !== null && [...this.#assignedCounts.values()].includes(0)
    const delay = isMissing ? Math.min(MISSING_TOPICS_INTERVAL_MS, metadataMaxAgeMs) : metadataMaxAgeMs
    this.#topicsTimer = setTimeout(() => void this.#checkTopics(), delay)
    this.#topicsTimer.unref()
  }

  /** Joins again when topics came or went that match the pattern, or (leader) when partitions were added. */
  async #checkTopics(): Promise<void> {
    try {
      if ('pattern' in this.#subscribed) {
        const topics = await this.#matchingTopics()
        if (topics.join() !== this.#topics.join()) {
          this.#topics = topics
          this.#member.requestRejoin('topics that match the subscription have changed')
        }
      }
      const before = this.#assignedCounts
      if (before !== null) {
        const counts = await this.#partitionCounts([...before.keys()])
        const hasChanged = [...counts].some(([topic, count]) => before.get(topic) !== count)
        if (hasChanged && this.#assignedCounts === before) {
          this.#assignedCounts = null
          this.#member.requestRejoin('the number of partitions has changed')
        }
      }
    } catch (error) {
      this.#deps.cluster.options.logger.debug({ reason: messageOf(error) }, 'Topics could not be checked for changes')
    } finally {
      this.#scheduleTopicsCheck()
    }
  }

  /** Nobody has polled for too long: others shall have the partitions. The next poll joins anew. */
  #expire(): void {
    if (this.#isClosed || this.#member.state === 'failed') return
    const { groupId, maxPollIntervalMs } = this.#deps.options
    this.#deps.cluster.options.logger.warn(
      { group: groupId },
      `No poll for max.poll.interval.ms=${maxPollIntervalMs}: the consumer leaves its group; poll more often, fetch less, or raise it`,
    )
    void this.#member.leave('no poll within max.poll.interval.ms')
    for (const { done } of this.#pending.splice(0)) done()
    this.#assignedCounts = null
    clearTimeout(this.#topicsTimer)
    this.#member = this.#newMember()
    this.#isStarted = false
    void this.#inPoll(() => this.#loseAll())
  }
}

function keySet(partitions: readonly TopicPartition[]): Set<string> {
  return new Set(partitions.map(({ topic, partition }) => partitionKey(topic, partition)))
}

function assignable(joined: readonly JoinedMember[]): AssignableMember[] {
  return joined.map(({ memberId, groupInstanceId, metadata }) => ({
    memberId,
    groupInstanceId,
    subscription: decodeSubscription(metadata),
  }))
}
