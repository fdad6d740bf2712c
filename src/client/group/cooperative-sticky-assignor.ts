import { partitionKey, type TopicPartition } from '../topic-partition.ts'
import { type AssignableMember, type Assignor, compareMembers, subscribedTopics } from './assignor.ts'

/**
 * Balanced, with as few moves as that allows (KIP-54, KIP-429). A partition that has to move is given to nobody in the
 * first round: its owner sees that it lost it, gives it up and asks for a second one, in which the new owner gets it.
 */
export const cooperativeStickyAssignor: Assignor = {
  name: 'cooperative-sticky',
  isCooperative: true,
  /** Leaders that do not read the generation from the subscription itself find it here (int32). */
  userData(generation) {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(generation)
    return bytes
  },
  assign(members, partitionCounts) {
    const plan = new StickyPlan(members.toSorted(compareMembers), partitionCounts)
    plan.keepOwned()
    plan.placeFree()
    plan.balance()
    return plan.withoutMoves()
  },
}

/** Who gets what, beginning with what the members have by their own word. */
export class StickyPlan {
  readonly #members: AssignableMember[]
  readonly #partitions: TopicPartition[] = []
  /** By topic: who may get its partitions. */
  readonly #takers = new Map<string, AssignableMember[]>()
  readonly #previous: Map<string, string>
  readonly #owner = new Map<string, string>()
  readonly #load: Map<string, number>

  constructor(members: AssignableMember[], partitionCounts: ReadonlyMap<string, number>) {
    this.#members = members
    this.#load = new Map(members.map(({ memberId }) => [memberId, 0]))
    for (const topic of subscribedTopics(members, partitionCounts)) {
      this.#takers.set(
        topic,
        members.filter(({ subscription }) => subscription.topics.includes(topic)),
      )
      const count = partitionCounts.get(topic) ?? 0
      for (let partition = 0; partition < count; partition++) this.#partitions.push({ topic, partition })
    }
    this.#previous = validClaims(members)
  }

  keepOwned(): void {
    for (const { topic, partition } of this.#partitions) {
      const key = partitionKey(topic, partition)
      const owner = this.#previous.get(key)
      if (owner === undefined) continue
      if (this.#takers.get(topic)?.some(({ memberId }) => memberId === owner)) this.#give(key, owner)
      else this.#previous.delete(key)
    }
  }

  /** Partitions that few may take first, so that those are not left to the busy ones. */
  placeFree(): void {
    const free = this.#partitions.filter(({ topic, partition }) => !this.#owner.has(partitionKey(topic, partition)))
    const choices = ({ topic }: TopicPartition): number => this.#takers.get(topic)?.length ?? 0
    for (const { topic, partition } of free.toSorted((a, b) => choices(a) - choices(b))) {
      this.#give(partitionKey(topic, partition), this.#leastLoaded(topic))
    }
  }

  /** Moves partitions from members to others that have at least two less, until there is no such pair. */
  balance(): void {
    for (let isMoving = true; isMoving; ) {
      isMoving = false
      for (const { topic, partition } of this.#partitions) {
        const key = partitionKey(topic, partition)
        const owner = this.#owner.get(key) as string
        const other = this.#leastLoaded(topic)
        if (this.#loadOf(owner) - this.#loadOf(other) < 2) continue
        this.#load.set(owner, this.#loadOf(owner) - 1)
        this.#give(key, other)
        isMoving = true
      }
    }
  }

  /** For members that keep their partitions meanwhile: what has to move is given to nobody yet. */
  withoutMoves(): Map<string, TopicPartition[]> {
    return this.#shares((key, owner) => (this.#previous.get(key) ?? owner) === owner)
  }

  /** For members that have given up everything before. */
  withMoves(): Map<string, TopicPartition[]> {
    return this.#shares(() => true)
  }

  #shares(isGiven: (key: string, owner: string) => boolean): Map<string, TopicPartition[]> {
    const result = new Map<string, TopicPartition[]>(this.#members.map(({ memberId }) => [memberId, []]))
    for (const { topic, partition } of this.#partitions) {
      const key = partitionKey(topic, partition)
      const owner = this.#owner.get(key) as string
      if (isGiven(key, owner)) result.get(owner)?.push({ topic, partition })
    }
    return result
  }

  #give(key: string, memberId: string): void {
    this.#owner.set(key, memberId)
    this.#load.set(memberId, this.#loadOf(memberId) + 1)
  }

  #loadOf(memberId: string): number {
    return this.#load.get(memberId) ?? 0
  }

  #leastLoaded(topic: string): string {
    let best: AssignableMember | undefined
    for (const member of this.#takers.get(topic) ?? []) {
      if (best === undefined || this.#loadOf(member.memberId) < this.#loadOf(best.memberId)) best = member
    }
    return (best as AssignableMember).memberId
  }
}

/** Who owns what by the members' own word: the newest generation counts, and nobody if two of it claim the same. */
function validClaims(members: readonly AssignableMember[]): Map<string, string> {
  const claims = new Map<string, { memberId: string; generation: number; isDisputed: boolean }>()
  for (const { memberId, subscription } of members) {
    const generation = generationOf(subscription)
    for (const { topic, partition } of subscription.ownedPartitions) {
      const key = partitionKey(topic, partition)
      const claim = claims.get(key)
      if (claim === undefined || generation > claim.generation)
        claims.set(key, { memberId, generation, isDisputed: false })
      else if (generation === claim.generation) claim.isDisputed = true
    }
  }
  return new Map([...claims].filter(([, claim]) => !claim.isDisputed).map(([key, { memberId }]) => [key, memberId]))
}

function generationOf({ generation, userData }: AssignableMember['subscription']): number {
  if (generation >= 0 || userData === null || userData.length < 4) return generation
  return Buffer.from(userData.buffer, userData.byteOffset, userData.length).readInt32BE(0)
}
