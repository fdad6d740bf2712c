import { ErrorCode } from '../../protocol/errors.ts'
import { type Member, type MemberProtocol, NO_BYTES } from './member.ts'
import type { JoinRequest } from './requests.ts'

/**
 * Who is in a group: members in the order of their joining, static ones also by instance id, and the ids that were given out
 * and not joined with yet. Knows nothing about states and answers nobody.
 */
export class Roster {
  readonly #members = new Map<string, Member>()
  /** Member ids by group instance id. */
  readonly #static = new Map<string, string>()
  /** What forgets a pending id when its time is up. */
  readonly #pending = new Map<string, () => void>()

  get size(): number {
    return this.#members.size
  }

  get pendingSize(): number {
    return this.#pending.size
  }

  all(): Member[] {
    return [...this.#members.values()]
  }

  get(id: string): Member | undefined {
    return this.#members.get(id)
  }

  /** The member that has the instance id at present. */
  byInstance(instanceId: string): Member | undefined {
    const id = this.#static.get(instanceId)
    return id === undefined ? undefined : this.#members.get(id)
  }

  add(member: Member): void {
    this.#members.set(member.id, member)
    if (member.instanceId !== null) this.#static.set(member.instanceId, member.id)
  }

  remove(member: Member): void {
    this.#members.delete(member.id)
    if (member.instanceId !== null && this.#static.get(member.instanceId) === member.id) {
      this.#static.delete(member.instanceId)
    }
  }

  /** Gives a static member a new id. It keeps its place: the order decides who leads next. */
  rename(member: Member, newId: string): void {
    const members = this.all()
    this.#members.clear()
    for (const other of members) {
      if (other === member) other.id = newId
      this.#members.set(other.id, other)
    }
    if (member.instanceId !== null) this.#static.set(member.instanceId, newId)
  }

  /** Whether the instance id belongs to the member id; gives an error code. */
  instanceError(memberId: string, instanceId: string): number {
    const current = this.#static.get(instanceId)
    if (current === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
    return current === memberId ? ErrorCode.NONE : ErrorCode.FENCED_INSTANCE_ID
  }

  addPending(id: string, cancel: () => void): void {
    this.#pending.set(id, cancel)
  }

  /** Forgets a pending id and its timer; false if it is not pending. */
  takePending(id: string): boolean {
    const cancel = this.#pending.get(id)
    if (cancel === undefined) return false
    cancel()
    return this.#pending.delete(id)
  }

  clearPending(): void {
    for (const id of this.#pending.keys()) this.takePending(id)
  }

  /** Whether one of these protocols is known to every member. */
  sharesProtocol(protocols: readonly MemberProtocol[]): boolean {
    const members = this.all()
    return protocols.some(({ name }) =>
      members.every((member) => member.protocols.some((known) => known.name === name)),
    )
  }

  /** The longest rebalance timeout of all members, in ms. */
  rebalanceTimeoutMs(): number {
    return Math.max(0, ...this.all().map(({ rebalanceTimeoutMs }) => rebalanceTimeoutMs))
  }
}

/** A member as its first JoinGroup describes it. */
export function newMember(id: string, request: JoinRequest): Member {
  return {
    id,
    instanceId: request.instanceId,
    clientId: request.clientId,
    clientHost: request.clientHost,
    sessionTimeoutMs: request.sessionTimeoutMs,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    protocols: request.protocols,
    assignment: NO_BYTES,
    isNew: true,
    joining: null,
    syncing: null,
    owesSync: false,
    cancelSession: null,
  }
}

/** Takes over what a later JoinGroup says. */
export function updateMember(member: Member, request: JoinRequest): void {
  member.protocols = request.protocols
  member.sessionTimeoutMs = request.sessionTimeoutMs
  member.rebalanceTimeoutMs = request.rebalanceTimeoutMs
  member.clientId = request.clientId
  member.clientHost = request.clientHost
}
