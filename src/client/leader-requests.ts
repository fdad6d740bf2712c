import { ErrorCode, errorByCode, ProtocolError } from '../protocol/errors.ts'
import type { Cluster } from './cluster.ts'
import { isRetriable } from './errors.ts'
import { partitionKey, type TopicPartition } from './topic-partition.ts'
import { now } from './waits.ts'

export interface LeaderCallOptions {
  timeoutMs?: number
  signal?: AbortSignal | undefined
  what: string
}

/** Errors that mean: the partition is led by another broker than we believe. */
export function isLeaderError(code: number): boolean {
  return (
    code === ErrorCode.NOT_LEADER_OR_FOLLOWER ||
    code === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION ||
    code === ErrorCode.LEADER_NOT_AVAILABLE ||
    code === ErrorCode.REPLICA_NOT_AVAILABLE ||
    code === ErrorCode.KAFKA_STORAGE_ERROR ||
    code === ErrorCode.OFFSET_NOT_AVAILABLE ||
    code === ErrorCode.FENCED_LEADER_EPOCH ||
    code === ErrorCode.UNKNOWN_LEADER_EPOCH ||
    code === ErrorCode.UNKNOWN_TOPIC_ID
  )
}

/**
 * Sends something about partitions to their leaders, one request a leader, and asks again for those that met a retriable
 * error (with fresh metadata) until time is over.
 * @param send sends one request to `node` about `items` and gives a result for each, with Kafka's error code
 * @returns a result per item, in their order; those that failed carry their error
 */
export async function callLeaders<Item extends TopicPartition, Result extends { errorCode: number }>(
  cluster: Cluster,
  items: readonly Item[],
  options: LeaderCallOptions,
  send: (node: number, items: Item[], timeoutMs: number) => Promise<Map<string, Result>>,
): Promise<{ item: Item; result: Result | null; error: ProtocolError | null }[]> {
  const deadline = now() + (options.timeoutMs ?? cluster.options.defaultApiTimeoutMs)
  const results = new Map<string, Result>()
  const errors = new Map<string, ProtocolError>()
  let missing = [...items]
  const round = async (): Promise<void> => {
    const nodes = new Map<number, Item[]>()
    for (const item of missing) {
      const key = partitionKey(item.topic, item.partition)
      try {
        const leader = await leaderOf(cluster, item)
        nodes.set(leader, [...(nodes.get(leader) ?? []), item])
        errors.delete(key)
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error
        errors.set(key, error)
      }
    }
    const answers = await Promise.all(
      [...nodes].map(async ([node, list]) => {
        const timeoutMs = Math.max(1, Math.min(cluster.options.requestTimeoutMs, deadline - now()))
        try {
          return await send(node, list, timeoutMs)
        } catch (error) {
          for (const { topic } of list) cluster.metadata.invalidate(topic)
          throw error
        }
      }),
    )
    for (const answer of answers) {
      for (const [key, result] of answer) {
        if (result.errorCode === ErrorCode.NONE) results.set(key, result)
        else errors.set(key, new ProtocolError(result.errorCode, `${key}: ${errorByCode(result.errorCode).message}`))
      }
    }
    missing = missing.filter(({ topic, partition }) => {
      const error = errors.get(partitionKey(topic, partition))
      if (error !== undefined && isLeaderError(error.code)) cluster.metadata.invalidate(topic)
      return error?.retriable === true
    })
    const again = missing[0]
    if (again !== undefined) throw errors.get(partitionKey(again.topic, again.partition)) as ProtocolError
  }
  try {
    await cluster.retry(round, { what: options.what, signal: options.signal, timeoutMs: Math.max(1, deadline - now()) })
  } catch (error) {
    // Partitions that went on failing are reported one by one, everything else as a whole.
    if (!(error instanceof ProtocolError) || !isRetriable(error)) throw error
  }
  return items.map((item) => {
    const key = partitionKey(item.topic, item.partition)
    return { item, result: results.get(key) ?? null, error: results.has(key) ? null : (errors.get(key) ?? null) }
  })
}

/** Unlike `cluster.leader` it does not wait: the caller's rounds do. */
async function leaderOf(cluster: Cluster, { topic, partition }: TopicPartition): Promise<number> {
  const { partitions } = await cluster.metadata.topic(topic)
  const found = partitions[partition]
  if (found !== undefined && found.leader !== -1) return found.leader
  cluster.metadata.invalidate(topic)
  if (found !== undefined)
    throw new ProtocolError(ErrorCode.LEADER_NOT_AVAILABLE, `${topic}-${partition} has no leader`)
  throw new ProtocolError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `topic ${topic} has no partition ${partition}`)
}
