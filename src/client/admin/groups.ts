import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { DeleteGroups } from '../../protocol/messages/delete-groups.ts'
import { DescribeGroups } from '../../protocol/messages/describe-groups.ts'
import { LeaveGroup } from '../../protocol/messages/leave-group.ts'
import { ListGroups } from '../../protocol/messages/list-groups.ts'
import { OffsetDelete } from '../../protocol/messages/offset-delete.ts'
import type { Cluster } from '../cluster.ts'
import {
  type CallOptions,
  callCoordinator,
  type CommittedOffset,
  commitOffsets,
  fetchCommittedOffsets,
  type OffsetToCommit,
  outsideCommitter,
} from '../offsets.ts'
import { byTopic, type TopicPartition } from '../topic-partition.ts'
import { errorOf, type NamedResult } from './topics.ts'

export type Partitions = readonly TopicPartition[]
export type Offsets = readonly OffsetToCommit[]

export interface ListedGroup {
  groupId: string
  protocolType: string
  /** Empty from brokers before 2.6. */
  state: string
}

/** The groups that all brokers together coordinate. */
export async function listGroups(
  cluster: Cluster,
  options: CallOptions & { states?: string[] },
): Promise<ListedGroup[]> {
  await cluster.metadata.refresh()
  const nodes = [...cluster.metadata.brokers.keys()]
  const lists = await Promise.all(
    nodes.map((node) =>
      cluster.retry(
        async (timeoutMs) => {
          const limits = { node, timeoutMs, signal: options.signal, resend: 'always' } as const
          const answer = await cluster.request(ListGroups, { statesFilter: options.states ?? [] }, limits)
          if (answer.errorCode !== ErrorCode.NONE) throw new ProtocolError(answer.errorCode)
          return answer.groups
        },
        { ...options, what: 'listing groups' },
      ),
    ),
  )
  return lists.flat().map(({ groupId, protocolType, groupState }) => ({ groupId, protocolType, state: groupState }))
}

export interface DescribedGroup {
  groupId: string
  error: ProtocolError | null
  /** `Stable`, `PreparingRebalance`, `CompletingRebalance`, `Empty` or `Dead`. */
  state: string
  protocolType: string
  protocol: string
  members: {
    memberId: string
    groupInstanceId: string | null
    clientId: string
    clientHost: string
    /** What the member sent when it joined. */
    metadata: Uint8Array
    assignment: Uint8Array
  }[]
}

export async function describeGroups(
  cluster: Cluster,
  ids: readonly string[],
  options: CallOptions,
): Promise<DescribedGroup[]> {
  return Promise.all(
    ids.map((group) =>
      callCoordinator(cluster, group, { ...options, what: `describing group ${group}` }, async (timeoutMs) => {
        const limits = { node: { group }, timeoutMs, signal: options.signal, resend: 'always' } as const
        const found = (await cluster.request(DescribeGroups, { groups: [group] }, limits)).groups[0]
        if (found === undefined) throw new ProtocolError(ErrorCode.GROUP_ID_NOT_FOUND, `group ${group} does not exist`)
        const error = errorOf(found.errorCode, found.errorMessage)
        if (error?.retriable) throw error
        return {
          groupId: group,
          error,
          state: found.groupState,
          protocolType: found.protocolType,
          protocol: found.protocolData,
          members: found.members.map((m) => ({
            memberId: m.memberId,
            groupInstanceId: m.groupInstanceId,
            clientId: m.clientId,
            clientHost: m.clientHost,
            metadata: m.memberMetadata,
            assignment: m.memberAssignment,
          })),
        }
      }),
    ),
  )
}

export async function deleteGroups(
  cluster: Cluster,
  ids: readonly string[],
  options: CallOptions,
): Promise<NamedResult[]> {
  return Promise.all(
    ids.map((group) =>
      callCoordinator(cluster, group, { ...options, what: `deleting group ${group}` }, async (timeoutMs) => {
        const limits = { node: { group }, timeoutMs, signal: options.signal }
        const { results } = await cluster.request(DeleteGroups, { groupsNames: [group] }, limits)
        const error = errorOf(results[0]?.errorCode ?? ErrorCode.NONE)
        if (error?.retriable) throw error
        return { name: group, error }
      }),
    ),
  )
}

export function listGroupOffsets(
  cluster: Cluster,
  group: string,
  options: CallOptions & { partitions?: Partitions },
): Promise<CommittedOffset[]> {
  return fetchCommittedOffsets(cluster, group, options.partitions ?? null, options)
}

export function alterGroupOffsets(
  cluster: Cluster,
  group: string,
  offsets: Offsets,
  options: CallOptions,
): Promise<void> {
  return commitOffsets(cluster, group, offsets, outsideCommitter, options)
}

export interface DeletedOffset extends TopicPartition {
  error: ProtocolError | null
}

/** Deletes committed offsets. @throws ProtocolError (GROUP_ID_NOT_FOUND, NON_EMPTY_GROUP) for the group as a whole. */
export function deleteGroupOffsets(
  cluster: Cluster,
  group: string,
  partitions: Partitions,
  options: CallOptions,
): Promise<DeletedOffset[]> {
  const topics = [...byTopic(partitions)].map(([name, list]) => ({
    name,
    partitions: list.map(({ partition }) => ({ partitionIndex: partition })),
  }))
  return callCoordinator(
    cluster,
    group,
    { ...options, what: `deleting offsets of group ${group}` },
    async (timeoutMs) => {
      const limits = { node: { group }, timeoutMs, signal: options.signal }
      const answer = await cluster.request(OffsetDelete, { groupId: group, topics }, limits)
      if (answer.errorCode !== ErrorCode.NONE) throw new ProtocolError(answer.errorCode)
      return answer.topics.flatMap(({ name, partitions: list }) =>
        list.map(({ partitionIndex, errorCode }) => ({
          topic: name,
          partition: partitionIndex,
          error: errorOf(errorCode),
        })),
      )
    },
  )
}

export type MemberToRemove = { groupInstanceId: string } | { memberId: string }

/** @throws ProtocolError with the first member's failure */
export async function removeMembers(
  cluster: Cluster,
  group: string,
  members: readonly MemberToRemove[],
  options: CallOptions,
): Promise<void> {
  const list = members.map((m) => ('memberId' in m ? m : { memberId: '', groupInstanceId: m.groupInstanceId }))
  await callCoordinator(
    cluster,
    group,
    { ...options, what: `removing members of group ${group}` },
    async (timeoutMs) => {
      const limits = { node: { group }, timeoutMs, signal: options.signal }
      const memberId = list[0]?.memberId ?? ''
      const answer = await cluster.request(LeaveGroup, { groupId: group, memberId, members: list }, limits)
      const failed = [answer, ...answer.members].find(({ errorCode }) => errorCode !== ErrorCode.NONE)
      if (failed !== undefined) throw new ProtocolError(failed.errorCode)
    },
  )
}
