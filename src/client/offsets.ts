import { ErrorCode, errorByCode, ProtocolError } from '../protocol/errors.ts'
import { ListOffsets } from '../protocol/messages/list-offsets.ts'
import { OffsetCommit } from '../protocol/messages/offset-commit.ts'
import { OffsetFetch } from '../protocol/messages/offset-fetch.ts'
import type { Cluster } from './cluster.ts'
import { callLeaders } from './leader-requests.ts'
import { byTopic, partitionKey, type TopicPartition } from './topic-partition.ts'

export type IsolationLevel = 'read_uncommitted' | 'read_committed'

/** What to look up: the ends of the log, the record with the greatest timestamp, or the first one at or after a time (ms). */
export type OffsetSpec = 'earliest' | 'latest' | 'max_timestamp' | number

export interface OffsetQuery extends TopicPartition {
  at: OffsetSpec
}

export interface OffsetResult extends TopicPartition {
  /** -1 when no record is that young, or on error. */
  offset: number
  /** Timestamp of the record found, -1 for the ends of the log. */
  timestamp: number
  leaderEpoch: number
  error: ProtocolError | null
}

export interface CallOptions {
  timeoutMs?: number
  signal?: AbortSignal | undefined
}

const specialTimestamps = { latest: -1, earliest: -2, max_timestamp: -3 } as const

/** Looks up offsets at the leaders. A result per query, in their order; a partition's failure is in its result. */
export async function listOffsets(
  cluster: Cluster,
  queries: readonly OffsetQuery[],
  isolationLevel: IsolationLevel = 'read_uncommitted',
  options: CallOptions = {},
): Promise<OffsetResult[]> {
  // A request may name each partition once: different questions about the same one go apart.
  const rounds = Map.groupBy(queries, ({ at }) => at)
  const answers = await Promise.all(
    [...rounds.values()].map((round) => listDistinctOffsets(cluster, round, isolationLevel, options)),
  )
  const results = new Map(answers.flat().map((answer) => [answer.item, answer]))
  return queries.map((query) => {
    const { result, error } = results.get(query) ?? { result: null, error: null }
    return {
      topic: query.topic,
      partition: query.partition,
      offset: result?.offset ?? -1,
      timestamp: result?.timestamp ?? -1,
      leaderEpoch: result?.leaderEpoch ?? -1,
      error,
    }
  })
}

function listDistinctOffsets(
  cluster: Cluster,
  queries: readonly OffsetQuery[],
  isolationLevel: IsolationLevel,
  options: CallOptions,
) {
  return callLeaders(cluster, queries, { ...options, what: 'listing offsets' }, async (node, items, timeoutMs) => {
    const body = {
      replicaId: -1,
      isolationLevel: isolationLevel === 'read_committed' ? 1 : 0,
      timeoutMs: Math.ceil(timeoutMs),
      topics: [...byTopic(items)].map(([name, list]) => ({
        name,
        partitions: list.map(({ partition, at }) => ({
          partitionIndex: partition,
          timestamp: typeof at === 'number' ? at : specialTimestamps[at],
        })),
      })),
    }
    const answer = await cluster.request(ListOffsets, body, {
      node,
      timeoutMs,
      signal: options.signal,
      // The ends are at hand; records at a time may have to be looked for, in remote storage even.
      isShared: items.every(({ at }) => at === 'earliest' || at === 'latest'),
      resend: 'always',
    })
    return new Map(
      answer.topics.flatMap(({ name, partitions }) =>
        partitions.map((partition) => [partitionKey(name, partition.partitionIndex), partition] as const),
      ),
    )
  })
}

export interface CommittedOffset extends TopicPartition {
  /** The next record to read; -1 when nothing was committed. */
  offset: number
  leaderEpoch: number
  metadata: string
}

/** Reads a group's committed offsets: of the partitions given, or of all that have one when `partitions` is null. */
export async function fetchCommittedOffsets(
  cluster: Cluster,
  group: string,
  partitions: readonly TopicPartition[] | null,
  options: CallOptions & { requireStable?: boolean } = {},
): Promise<CommittedOffset[]> {
  const topics =
    partitions === null
      ? null
      : [...byTopic(partitions)].map(([name, list]) => ({
          name,
          partitionIndexes: list.map(({ partition }) => partition),
        }))
  const { requireStable = true, timeoutMs, signal } = options
  const body = { groupId: group, topics, groups: [{ groupId: group, topics }], requireStable }
  return callCoordinator(
    cluster,
    group,
    { ...options, what: `reading the offsets of group ${group}` },
    async (remainingMs) => {
      const answer = await cluster.request(OffsetFetch, body, {
        node: { group },
        timeoutMs: Math.min(remainingMs, timeoutMs ?? cluster.options.requestTimeoutMs),
        signal,
        isShared: true,
        // From version 10 on topics go by id.
        maxVersion: 9,
        resend: 'always',
      })
      const found = answer.groups[0] ?? answer
      if (found.errorCode !== ErrorCode.NONE) throw new ProtocolError(found.errorCode)
      const offsets: CommittedOffset[] = []
      for (const topic of found.topics) {
        for (const partition of topic.partitions) {
          if (partition.errorCode !== ErrorCode.NONE) throw partitionError(topic.name, partition)
          offsets.push({
            topic: topic.name,
            partition: partition.partitionIndex,
            offset: partition.committedOffset,
            leaderEpoch: partition.committedLeaderEpoch,
            metadata: partition.metadata ?? '',
          })
        }
      }
      return offsets
    },
  )
}

export interface OffsetToCommit extends TopicPartition {
  /** The next record to read. */
  offset: number
  leaderEpoch?: number
  metadata?: string
}

/** Who commits: a member of the group in its generation, or (generation -1) somebody outside while the group is empty. */
export interface Committer {
  memberId: string
  generation: number
  groupInstanceId: string | null
}

export const outsideCommitter: Committer = { memberId: '', generation: -1, groupInstanceId: null }

/**
 * Commits offsets, again and again while the coordinator is moving or loading.
 * @throws ProtocolError: the first partition's failure, such as ILLEGAL_GENERATION when the member has been replaced
 */
export async function commitOffsets(
  cluster: Cluster,
  group: string,
  offsets: readonly OffsetToCommit[],
  committer: Committer,
  options: CallOptions = {},
): Promise<void> {
  if (offsets.length === 0) return
  const body = {
    groupId: group,
    generationIdOrMemberEpoch: committer.generation,
    memberId: committer.memberId,
    groupInstanceId: committer.groupInstanceId,
    topics: [...byTopic(offsets)].map(([name, list]) => ({
      name,
      partitions: list.map(({ partition, offset, leaderEpoch = -1, metadata = '' }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: leaderEpoch,
        committedMetadata: metadata,
      })),
    })),
  }
  await callCoordinator(
    cluster,
    group,
    { ...options, what: `committing offsets of group ${group}` },
    async (remainingMs) => {
      const answer = await cluster.request(OffsetCommit, body, {
        node: { group },
        timeoutMs: Math.min(remainingMs, cluster.options.requestTimeoutMs),
        signal: options.signal,
        maxVersion: 9,
        // The same offsets again do no harm.
        resend: 'always',
      })
      for (const topic of answer.topics) {
        for (const partition of topic.partitions) {
          if (partition.errorCode !== ErrorCode.NONE) throw partitionError(topic.name, partition)
        }
      }
    },
  )
}

/** Retries while the group's coordinator is unknown, moving or loading, looking for it anew. */
export function callCoordinator<T>(
  cluster: Cluster,
  group: string,
  options: CallOptions & { what: string },
  call: (remainingMs: number) => Promise<T>,
): Promise<T> {
  const attempt = async (remainingMs: number): Promise<T> => {
    try {
      return await call(remainingMs)
    } catch (error) {
      if (error instanceof ProtocolError && isCoordinatorError(error.code)) cluster.forgetCoordinator(group)
      throw error
    }
  }
  return cluster.retry(attempt, options)
}

/** Errors that mean: another broker coordinates the group by now. */
export function isCoordinatorError(code: number): boolean {
  return code === ErrorCode.NOT_COORDINATOR || code === ErrorCode.COORDINATOR_NOT_AVAILABLE
}

function partitionError(topic: string, partition: { partitionIndex: number; errorCode: number }): ProtocolError {
  const { errorCode, partitionIndex } = partition
  return new ProtocolError(errorCode, `${topic}-${partitionIndex}: ${errorByCode(errorCode).message}`)
}
