import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { CreatePartitions } from '../../protocol/messages/create-partitions.ts'
import { CreateTopics } from '../../protocol/messages/create-topics.ts'
import { DeleteRecords } from '../../protocol/messages/delete-records.ts'
import { DeleteTopics } from '../../protocol/messages/delete-topics.ts'
import { DescribeCluster } from '../../protocol/messages/describe-cluster.ts'
import type { Cluster } from '../cluster.ts'
import { callLeaders } from '../leader-requests.ts'
import type { TopicMetadata } from '../metadata.ts'
import type { CallOptions } from '../offsets.ts'
import { byTopic, partitionKey, type TopicPartition } from '../topic-partition.ts'
import { now, waitFor } from '../waits.ts'

export interface NewTopic {
  name: string
  /** Default -1: what the broker has as `num.partitions`. */
  partitions?: number
  /** Default -1: what the broker has as `default.replication.factor`. */
  replicationFactor?: number
  /** Topic settings by Kafka name. */
  configs?: Record<string, string>
}

export interface NamedResult {
  name: string
  error: ProtocolError | null
}

export interface CreatedTopic extends NamedResult {
  /** -1 when the broker does not say. */
  partitions: number
  replicationFactor: number
}

export async function createTopics(
  cluster: Cluster,
  list: readonly NewTopic[],
  options: CallOptions & { validateOnly?: boolean },
): Promise<CreatedTopic[]> {
  const topics = list.map(({ name, partitions = -1, replicationFactor = -1, configs = {} }) => ({
    name,
    numPartitions: partitions,
    replicationFactor,
    configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
  }))
  const { validateOnly = false } = options
  const names = list.map(({ name }) => name).join(', ')
  const answer = await askController(cluster, options, `creating ${names}`, async (timeoutMs) => {
    const body = { topics, timeoutMs, validateOnly }
    const { topics: results } = await cluster.request(CreateTopics, body, {
      node: 'controller',
      timeoutMs,
      signal: options.signal,
    })
    return results
  })
  if (!validateOnly) for (const { name } of list) cluster.metadata.invalidate(name)
  return inOrder(list, answer).map(({ name, errorCode, errorMessage, numPartitions, replicationFactor }) => ({
    name,
    error: errorOf(errorCode, errorMessage),
    partitions: numPartitions,
    replicationFactor,
  }))
}

export async function deleteTopics(
  cluster: Cluster,
  names: readonly string[],
  options: CallOptions,
): Promise<NamedResult[]> {
  const answer = await askController(cluster, options, `deleting ${names.join(', ')}`, async (timeoutMs) => {
    const body = { topics: names.map((name) => ({ name })), topicNames: [...names], timeoutMs }
    const { responses } = await cluster.request(DeleteTopics, body, {
      node: 'controller',
      timeoutMs,
      signal: options.signal,
    })
    return responses
  })
  for (const name of names) cluster.metadata.invalidate(name)
  const topics = names.map((name) => ({ name }))
  return inOrder(topics, answer).map(({ name, errorCode, errorMessage }) => ({
    name: name ?? '',
    error: errorOf(errorCode, errorMessage),
  }))
}

export async function createPartitions(
  cluster: Cluster,
  list: readonly { name: string; count: number }[],
  options: CallOptions & { validateOnly?: boolean },
): Promise<NamedResult[]> {
  const topics = list.map(({ name, count }) => ({ name, count, assignments: null }))
  const answer = await askController(cluster, options, 'creating partitions', async (timeoutMs) => {
    const body = { topics, timeoutMs, validateOnly: options.validateOnly ?? false }
    const { results } = await cluster.request(CreatePartitions, body, {
      node: 'controller',
      timeoutMs,
      signal: options.signal,
    })
    return results
  })
  for (const { name } of list) cluster.metadata.invalidate(name)
  return inOrder(list, answer).map(({ name, errorCode, errorMessage }) => ({
    name,
    error: errorOf(errorCode, errorMessage),
  }))
}

export interface DescribedTopic extends NamedResult {
  topic: TopicMetadata | null
}

export async function describeTopics(
  cluster: Cluster,
  names: readonly string[],
  options: CallOptions,
): Promise<DescribedTopic[]> {
  for (const name of names) cluster.metadata.invalidate(name)
  return Promise.all(
    names.map(async (name) => {
      try {
        const look = cluster.topic(name, callOptions(options))
        return { name, topic: await look, error: null }
      } catch (error) {
        if (error instanceof ProtocolError) return { name, topic: null, error }
        throw error
      }
    }),
  )
}

export async function listTopics(cluster: Cluster, options: CallOptions): Promise<TopicMetadata[]> {
  const { signal, timeoutMs = cluster.options.defaultApiTimeoutMs } = options
  return waitFor(cluster.metadata.allTopics(), { signal, deadline: now() + timeoutMs }, 'listing topics')
}

export interface RecordsToDelete extends TopicPartition {
  /** The first offset to keep; -1 deletes everything there is. */
  beforeOffset: number
}

export async function deleteRecords(cluster: Cluster, list: readonly RecordsToDelete[], options: CallOptions) {
  const what = { ...options, what: 'deleting records' }
  const results = await callLeaders(cluster, list, what, async (node, items, timeoutMs) => {
    const topics = [...byTopic(items)].map(([name, parts]) => ({
      name,
      partitions: parts.map(({ partition, beforeOffset }) => ({ partitionIndex: partition, offset: beforeOffset })),
    }))
    const body = { topics, timeoutMs: Math.ceil(timeoutMs) }
    const answer = await cluster.request(DeleteRecords, body, { node, timeoutMs, signal: options.signal })
    return new Map(
      answer.topics.flatMap(({ name, partitions }) =>
        partitions.map((partition) => [partitionKey(name, partition.partitionIndex), partition] as const),
      ),
    )
  })
  return results.map(({ item: { topic, partition }, result, error }) => ({
    topic,
    partition,
    /** The new start of the log. */
    lowWatermark: result?.lowWatermark ?? -1,
    error,
  }))
}

export interface ClusterDescription {
  clusterId: string | null
  controllerId: number
  brokers: { id: number; host: string; port: number; rack: string | null }[]
}

export async function describeCluster(cluster: Cluster, options: CallOptions): Promise<ClusterDescription> {
  const ask = async (remainingMs: number): Promise<ClusterDescription> => {
    const limits = { node: 'any', timeoutMs: remainingMs, signal: options.signal, resend: 'always' } as const
    try {
      const { errorCode, errorMessage, clusterId, controllerId, brokers } = await cluster.request(
        DescribeCluster,
        {},
        limits,
      )
      if (errorCode !== ErrorCode.NONE) throw new ProtocolError(errorCode, errorMessage)
      const nodes = brokers.map(({ brokerId: id, host, port, rack }) => ({ id, host, port, rack }))
      return { clusterId, controllerId, brokers: nodes }
    } catch (error) {
      if (!(error instanceof ProtocolError) || error.code !== ErrorCode.UNSUPPORTED_VERSION) throw error
      // Brokers before 2.8 tell the same through Metadata.
      await cluster.metadata.refresh()
      const { clusterId, controllerId, brokers } = cluster.metadata
      return { clusterId, controllerId, brokers: [...brokers.values()] }
    }
  }
  return cluster.retry(ask, { ...options, what: 'describing the cluster' })
}

/** Asks the controller, and the next one when it has moved. */
function askController<R extends { errorCode: number }>(
  cluster: Cluster,
  options: CallOptions,
  what: string,
  ask: (timeoutMs: number) => Promise<R[]>,
): Promise<R[]> {
  const attempt = async (remainingMs: number): Promise<R[]> => {
    const answer = await ask(Math.ceil(Math.min(remainingMs, cluster.options.requestTimeoutMs)))
    if (answer.some(({ errorCode }) => errorCode === ErrorCode.NOT_CONTROLLER)) {
      await cluster.metadata.refresh()
      throw new ProtocolError(ErrorCode.NOT_CONTROLLER)
    }
    return answer
  }
  return cluster.retry(attempt, { ...options, what })
}

/** Brokers answer in an order of their own. */
function inOrder<R extends { name: string | null }>(asked: readonly { name: string }[], answer: readonly R[]): R[] {
  const positions = new Map(asked.map(({ name }, index) => [name, index]))
  const position = ({ name }: R): number => positions.get(name ?? '') ?? asked.length
  return answer.toSorted((a, b) => position(a) - position(b))
}

export function errorOf(code: number, message?: string | null): ProtocolError | null {
  return code === ErrorCode.NONE ? null : new ProtocolError(code, message)
}

function callOptions({ timeoutMs, signal }: CallOptions): { timeoutMs?: number; signal?: AbortSignal } {
  return { ...(timeoutMs === undefined ? {} : { timeoutMs }), ...(signal === undefined ? {} : { signal }) }
}
