import type { ConnectorTaskId } from '../task-runner.ts'
import {
  type Assignment,
  decodeMetadata,
  encodeAssignment,
  type MemberMetadata,
  type ProtocolVersion,
} from './codec.ts'
import { assignEagerly } from './eager-assignor.ts'
import { IncrementalAssignor } from './incremental-assignor.ts'
import { NO_WORK, taskKey, type Work, type WorkSets, workSets } from './work.ts'

/** What the leader must know of the configuration topic. */
export interface LeaderConfigView {
  /** Offset after the last record read. */
  configOffset(): number
  /** Reads on to the end of the topic. */
  readConfigToEnd(): Promise<void>
  /** All that is to run somewhere. */
  configured(): Work
}

/** The leader's part in a rebalance, and its knowledge of who runs what. */
export class GroupLeader {
  readonly #view: LeaderConfigView
  readonly #assignor: IncrementalAssignor
  #round = 0
  #memberCount = 0
  #ownId = ''
  #completedRound = -1
  /** REST addresses, and what runs there. */
  #owners: { readonly url: string; readonly work: WorkSets }[] = []

  constructor(view: LeaderConfigView, scheduledRebalanceMaxDelayMs: number) {
    this.#view = view
    this.#assignor = new IncrementalAssignor(scheduledRebalanceMaxDelayMs)
  }

  /** Encoded assignments for all members. */
  async assign(
    version: ProtocolVersion,
    leaderId: string,
    joined: readonly { memberId: string; metadata: Uint8Array }[],
  ): Promise<Map<string, Uint8Array>> {
    const members = new Map(joined.map(({ memberId, metadata }) => [memberId, decodeMetadata(metadata)]))
    this.#memberCount = members.size
    // A leader that lost its membership, and with it what it held, does not wait for its own return.
    if (!members.has(this.#ownId)) this.#assignor.renameMember(this.#ownId, leaderId)
    this.#ownId = leaderId
    const leaderUrl = members.get(leaderId)?.url ?? ''
    const target = Math.max(...[...members.values()].map((member) => member.configOffset))
    if (this.#view.configOffset() < target) await this.#view.readConfigToEnd()
    const common = { leaderId, leaderUrl, revoked: NO_WORK, assigned: NO_WORK, delayMs: 0 }
    if (this.#view.configOffset() < target) {
      const mismatch: Assignment = { ...common, error: 'config-mismatch', configOffset: target }
      return new Map([...members.keys()].map((id) => [id, encodeAssignment(mismatch, version)]))
    }
    const basis = { ...common, error: 'none' as const, configOffset: Math.max(target, this.#view.configOffset()) }
    const parts = version === 0 ? this.#eager(members) : this.#incremental(members)
    return new Map([...parts].map(([id, part]) => [id, encodeAssignment({ ...basis, ...part }, version)]))
  }

  /** To be told of every assignment that this worker got: the memory holds only from one own round to the next. */
  completed(asLeader: boolean): void {
    this.#completedRound = asLeader ? this.#round : -1
    if (!asLeader) this.#owners = []
  }

  /** True when nobody else was in the last round that this worker led. */
  get wasAlone(): boolean {
    return this.#memberCount <= 1
  }

  /** REST address of the worker that runs a connector, or null. */
  connectorOwner(connector: string): string | null {
    return this.#owners.find(({ work }) => work.connectors.has(connector))?.url ?? null
  }

  taskOwner(id: ConnectorTaskId): string | null {
    const key = taskKey(id)
    return this.#owners.find(({ work }) => work.tasks.has(key))?.url ?? null
  }

  #eager(members: ReadonlyMap<string, MemberMetadata>): Map<string, Partial<Assignment>> {
    const assigned = assignEagerly(this.#view.configured(), [...members.keys()])
    this.#noteOwners(new Map([...assigned].map(([id, work]) => [id, workSets(work)])), members)
    return new Map([...assigned].map(([id, work]) => [id, { assigned: work }]))
  }

  #incremental(members: ReadonlyMap<string, MemberMetadata>): Map<string, Partial<Assignment>> {
    const running = new Map([...members].map(([id, member]) => [id, member.work]))
    const lastCompleted = this.#completedRound
    this.#round++
    const result = this.#assignor.assign(this.#view.configured(), running, this.#round, lastCompleted)
    this.#noteOwners(result.complete, members)
    return new Map(
      [...members.keys()].map((id) => [
        id,
        {
          assigned: result.assigned.get(id) ?? NO_WORK,
          revoked: result.revoked.get(id) ?? NO_WORK,
          delayMs: result.delayMs,
        },
      ]),
    )
  }

  #noteOwners(complete: ReadonlyMap<string, WorkSets>, members: ReadonlyMap<string, MemberMetadata>): void {
    this.#owners = [...complete].map(([id, work]) => ({ url: members.get(id)?.url ?? '', work }))
  }
}
