/** A protocol that a member can follow, with what it wants the leader to know. */
export interface MemberProtocol {
  readonly name: string
  readonly metadata: Uint8Array
}

/** What a JoinGroup is answered. `members` is filled for the leader only. */
export interface JoinResult {
  readonly errorCode: number
  readonly memberId: string
  readonly generationId: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly leader: string
  readonly skipAssignment: boolean
  readonly members: readonly { memberId: string; groupInstanceId: string | null; metadata: Uint8Array }[]
}

/** What a SyncGroup is answered. */
export interface SyncResult {
  readonly errorCode: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignment: Uint8Array
}

export const NO_BYTES = new Uint8Array(0)

/** One member of a classic group. Owned and changed by its group only. */
export interface Member {
  id: string
  readonly instanceId: string | null
  clientId: string
  clientHost: string
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  protocols: readonly MemberProtocol[]
  assignment: Uint8Array
  /** Has not been through a rebalance yet. */
  isNew: boolean
  /** Answers the parked JoinGroup; null if there is none. */
  joining: ((result: JoinResult) => void) | null
  /** Answers the parked SyncGroup; null if there is none. */
  syncing: ((result: SyncResult) => void) | null
  /** Has not sent its SyncGroup of the current generation. */
  owesSync: boolean
  /** Stops the clock that takes the member out when it is silent. */
  cancelSession: (() => void) | null
}

export function metadataOf(member: Member, protocol: string | null): Uint8Array {
  return member.protocols.find(({ name }) => name === protocol)?.metadata ?? NO_BYTES
}

/** Same protocols in the same order with the same metadata. */
export function sameProtocols(a: readonly MemberProtocol[], b: readonly MemberProtocol[]): boolean {
  return (
    a.length === b.length &&
    a.every((protocol, i) => {
      const other = b[i]
      return (
        other !== undefined && protocol.name === other.name && Buffer.compare(protocol.metadata, other.metadata) === 0
      )
    })
  )
}

/**
 * The protocol that a rebalance settles on: among the names that all members support each member votes for the first in its
 * list; most votes win, and on a tie the one that was voted for first. Null if there is no common name.
 */
export function electProtocol(members: readonly Member[]): string | null {
  const [first, ...others] = members
  if (first === undefined) return null
  const common = new Set(first.protocols.map(({ name }) => name))
  for (const { protocols } of others) {
    const names = new Set(protocols.map(({ name }) => name))
    for (const name of common) if (!names.has(name)) common.delete(name)
  }
  const votes = new Map<string, number>()
  for (const { protocols } of members) {
    const choice = protocols.find(({ name }) => common.has(name))
    if (choice !== undefined) votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1)
  }
  let winner: string | null = null
  for (const [name, count] of votes) if (winner === null || count > (votes.get(winner) ?? 0)) winner = name
  return winner
}

export function failedJoin(errorCode: number, memberId: string): JoinResult {
  return {
    errorCode,
    memberId,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    members: [],
  }
}

export function failedSync(errorCode: number): SyncResult {
  return { errorCode, protocolType: null, protocolName: null, assignment: NO_BYTES }
}
