import type { MemberProtocol } from './member.ts'

/** What a JoinGroup asks for. */
export interface JoinRequest {
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocolType: string
  readonly protocols: readonly MemberProtocol[]
  /** The client can be told its member id and come back with it (JoinGroup version 4 and later). */
  readonly canBeToldItsId: boolean
  /** The client understands `skipAssignment` (version 9 and later). */
  readonly canSkipAssignment: boolean
}

/** What a SyncGroup brings. */
export interface SyncRequest {
  readonly memberId: string
  readonly instanceId: string | null
  readonly generationId: number
  readonly protocolType: string | null
  readonly protocolName: string | null
  readonly assignments: readonly { memberId: string; assignment: Uint8Array }[]
}
