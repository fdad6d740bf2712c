import { ClientConfigError } from '../errors.ts'
import type { IsolationLevel } from '../offsets.ts'

export type AssignmentStrategy = 'range' | 'roundrobin' | 'sticky' | 'cooperative-sticky'

/** Where to begin without a committed offset, or when the offset is no longer there; `none` fails instead. */
export type AutoOffsetReset = 'earliest' | 'latest' | 'none'

const DEFAULT_FETCH_MAX_WAIT_MS = 500

/** Settings of a consumer; the defaults are Kafka's. Times in milliseconds, sizes in bytes. */
export interface ConsumerOptions {
  /** Needed to subscribe and to commit. */
  groupId?: string
  /** Makes the member static: it keeps its partitions over a restart within the session timeout. */
  groupInstanceId?: string
  /** Default `latest`. */
  autoOffsetReset?: AutoOffsetReset
  /** Default 1. */
  fetchMinBytes?: number
  /** Default 500. */
  fetchMaxWaitMs?: number
  /**
   * What the wait may grow to while nothing comes: the broker answers as soon as something does, and an idle consumer costs
   * less. Default: as `fetchMaxWaitMs`. Not together with a larger `fetchMinBytes`, where the wait is what ends it.
   */
  fetchMaxIdleWaitMs?: number
  /** Bound on a fetch and on what lies here fetched but not yet polled; default 52428800. One batch may exceed it. */
  fetchMaxBytes?: number
  /** Default 1048576; one batch may exceed it. */
  maxPartitionFetchBytes?: number
  /** Default `read_uncommitted`. */
  isolationLevel?: IsolationLevel
  /** A poll gives at least one batch and no further one that would bring it above this count; default no limit. */
  maxPollRecords?: number
  /** Default 45000. */
  sessionTimeoutMs?: number
  /** Default 3000. */
  heartbeatIntervalMs?: number
  /** A subscribed consumer that does not poll for this long leaves its group; default 300000. */
  maxPollIntervalMs?: number
  /** In order of preference, default range, then cooperative-sticky. */
  partitionAssignmentStrategy?: AssignmentStrategy[]
  /** Default true. */
  allowAutoCreateTopics?: boolean
  /** Default: that of the cluster. */
  requestTimeoutMs?: number
}

export type ResolvedConsumerOptions = Required<Omit<ConsumerOptions, 'groupId' | 'groupInstanceId'>> & {
  groupId: string | null
  groupInstanceId: string | null
}

/** Fills in the defaults and checks what cannot work together. @throws ClientConfigError */
export function resolveConsumerOptions(options: ConsumerOptions, requestTimeoutMs: number): ResolvedConsumerOptions {
  const resolved: ResolvedConsumerOptions = {
    groupId: options.groupId ?? null,
    groupInstanceId: options.groupInstanceId ?? null,
    autoOffsetReset: options.autoOffsetReset ?? 'latest',
    fetchMinBytes: options.fetchMinBytes ?? 1,
    fetchMaxWaitMs: options.fetchMaxWaitMs ?? DEFAULT_FETCH_MAX_WAIT_MS,
    fetchMaxIdleWaitMs: options.fetchMaxIdleWaitMs ?? options.fetchMaxWaitMs ?? DEFAULT_FETCH_MAX_WAIT_MS,
    fetchMaxBytes: options.fetchMaxBytes ?? 52428800,
    maxPartitionFetchBytes: options.maxPartitionFetchBytes ?? 1048576,
    isolationLevel: options.isolationLevel ?? 'read_uncommitted',
    maxPollRecords: options.maxPollRecords ?? Number.POSITIVE_INFINITY,
    sessionTimeoutMs: options.sessionTimeoutMs ?? 45000,
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? 3000,
    maxPollIntervalMs: options.maxPollIntervalMs ?? 300000,
    partitionAssignmentStrategy: options.partitionAssignmentStrategy ?? ['range', 'cooperative-sticky'],
    allowAutoCreateTopics: options.allowAutoCreateTopics ?? true,
    requestTimeoutMs: options.requestTimeoutMs ?? requestTimeoutMs,
  }
  const { heartbeatIntervalMs, sessionTimeoutMs } = resolved
  if (heartbeatIntervalMs >= sessionTimeoutMs) {
    const text = `${heartbeatIntervalMs} has to be less than session.timeout.ms=${sessionTimeoutMs} (a third is usual)`
    throw new ClientConfigError('heartbeat.interval.ms', text)
  }
  if (resolved.partitionAssignmentStrategy.length === 0) {
    throw new ClientConfigError('partition.assignment.strategy', 'at least one strategy is needed')
  }
  return resolved
}
