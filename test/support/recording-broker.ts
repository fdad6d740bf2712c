import { createServer, type AddressInfo, type Socket } from 'node:net'
import { FrameReader, writeChunks } from '../../src/net/index.ts'
import { decodeRequestBody, encodeResponse } from '../../src/protocol/codec.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import * as messages from '../../src/protocol/messages/index.ts'
import type { ApiDefinition, RequestOf, ResponseInput } from '../../src/protocol/messages/index.ts'
import { RecordBatchBuilder } from '../../src/protocol/records/index.ts'
import { decodeRequestHeader } from '../../src/protocol/request-header.ts'

/**
 * A broker that pretends: it has every topic asked for, with one partition that holds one record, and agrees to everything.
 * Just enough for clients to send their requests, which are kept.
 */

/** A request as it came in, without the size in front. */
export interface RecordedRequest {
  readonly api: ApiDefinition
  readonly version: number
  readonly frame: Buffer
}

export interface RecordingBroker {
  readonly port: number
  readonly requests: readonly RecordedRequest[]
  close(): Promise<void>
}

const NODE = 1
const MEMBER = 'member-1'
const TOPIC_ID = 'nc0-8ZlMTrWGWbbC3ydKDg'

type Answer<Api extends ApiDefinition> = (
  request: RequestOf<Api>,
  version: number,
  port: number,
) => ResponseInput<Api> | Promise<ResponseInput<Api>>

interface Script {
  readonly api: ApiDefinition
  readonly answer: Answer<ApiDefinition>
}

function script<Api extends ApiDefinition>(api: Api, answer: Answer<Api>): Script {
  return { api, answer: answer as Answer<ApiDefinition> }
}

/** Versions that are for other brokers only, or not final, are not offered. */
const highestOffered: Record<string, number> = {
  AddPartitionsToTxn: 3,
  InitProducerId: 5,
  EndTxn: 4,
  TxnOffsetCommit: 4,
}

function storedBatch(): Uint8Array {
  const builder = new RecordBatchBuilder({})
  builder.append({ timestamp: 1700000000000, key: null, value: Buffer.from('hello') })
  return builder.build()
}

function partitionsOf(topics: readonly { partitions: readonly { partitionIndex: number }[] }[]) {
  return topics.map((topic) => ({
    ...topic,
    partitions: topic.partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: 0 })),
  }))
}

const scripts: readonly Script[] = [
  script(messages.ApiVersions, (_request, version) => ({
    errorCode: version > messages.ApiVersions.maxVersion ? ErrorCode.UNSUPPORTED_VERSION : 0,
    apiKeys: scripts.map(({ api }) => ({
      apiKey: api.key,
      minVersion: api === messages.Produce ? 0 : api.minVersion,
      maxVersion: highestOffered[api.name] ?? api.maxVersion,
    })),
  })),
  script(messages.Metadata, (request, _version, port) => ({
    brokers: [{ nodeId: NODE, host: '127.0.0.1', port }],
    clusterId: 'recording',
    controllerId: NODE,
    topics: (request.topics ?? []).map(({ name }) => ({
      name: name ?? 'capture',
      topicId: TOPIC_ID,
      partitions: [{ partitionIndex: 0, leaderId: NODE, leaderEpoch: 0, replicaNodes: [NODE], isrNodes: [NODE] }],
    })),
  })),
  script(messages.Produce, ({ topicData }) => ({
    responses: topicData.map((topic) => ({
      ...topic,
      partitionResponses: topic.partitionData.map(({ index }) => ({ index, baseOffset: 0, logStartOffset: 0 })),
    })),
  })),
  script(messages.Fetch, async ({ topics, maxWaitMs }) => {
    const isAtStart = topics.some((topic) => topic.partitions.some((partition) => partition.fetchOffset === 0))
    if (!isAtStart) await new Promise((resolve) => setTimeout(resolve, Math.min(maxWaitMs, 50)).unref())
    return {
      responses: topics.map((topic) => ({
        ...topic,
        partitions: topic.partitions.map(({ partition, fetchOffset }) => ({
          partitionIndex: partition,
          highWatermark: 1,
          lastStableOffset: 1,
          logStartOffset: 0,
          records: fetchOffset === 0 ? storedBatch() : new Uint8Array(0),
        })),
      })),
    }
  }),
  script(messages.ListOffsets, ({ topics }) => ({
    topics: topics.map((topic) => ({
      ...topic,
      partitions: topic.partitions.map(({ partitionIndex, timestamp }) => {
        const offset = timestamp === -2 ? 0 : 1
        return { partitionIndex, offset, oldStyleOffsets: [offset], leaderEpoch: 0 }
      }),
    })),
  })),
  script(messages.FindCoordinator, ({ key, coordinatorKeys }, _version, port) => {
    const node = { nodeId: NODE, host: '127.0.0.1', port }
    return { ...node, coordinators: [key, ...coordinatorKeys].map((name) => ({ key: name, ...node })) }
  }),
  script(messages.JoinGroup, ({ protocolType, protocols }) => ({
    generationId: 1,
    protocolType,
    protocolName: protocols[0]?.name ?? '',
    leader: MEMBER,
    memberId: MEMBER,
    members: [{ memberId: MEMBER, metadata: protocols[0]?.metadata ?? new Uint8Array(0) }],
  })),
  script(messages.SyncGroup, ({ protocolType, protocolName, assignments }) => ({
    protocolType,
    protocolName,
    assignment: assignments[0]?.assignment ?? new Uint8Array(0),
  })),
  script(messages.Heartbeat, () => ({})),
  script(messages.LeaveGroup, ({ members }) => ({ members })),
  script(messages.OffsetCommit, ({ topics }) => ({ topics: partitionsOf(topics) })),
  script(messages.OffsetFetch, ({ topics, groups }) => {
    const none = (list: { name: string; topicId?: string; partitionIndexes: number[] }[] | null) =>
      (list ?? []).map((topic) => ({
        ...topic,
        partitions: topic.partitionIndexes.map((partitionIndex) => ({
          partitionIndex,
          committedOffset: -1,
          metadata: '',
        })),
      }))
    return {
      topics: none(topics),
      groups: groups.map((group) => ({ groupId: group.groupId, topics: none(group.topics) })),
    }
  }),
  script(messages.InitProducerId, () => ({ producerId: 1000, producerEpoch: 0 })),
  script(messages.AddPartitionsToTxn, ({ v3AndBelowTopics }) => ({
    resultsByTopicV3AndBelow: v3AndBelowTopics.map(({ name, partitions }) => ({
      name,
      resultsByPartition: partitions.map((partitionIndex) => ({ partitionIndex })),
    })),
  })),
  script(messages.AddOffsetsToTxn, () => ({})),
  script(messages.TxnOffsetCommit, ({ topics }) => ({ topics: partitionsOf(topics) })),
  script(messages.EndTxn, () => ({})),
  script(messages.CreateTopics, ({ topics }) => ({ topics: topics.map(({ name }) => ({ name, topicId: TOPIC_ID })) })),
  script(messages.DeleteTopics, ({ topicNames, topics }) => ({
    responses: [...topicNames.map((name) => ({ name })), ...topics.map(({ name }) => ({ name, topicId: TOPIC_ID }))],
  })),
  script(messages.DescribeConfigs, ({ resources }) => ({
    results: resources.map((resource) => ({ ...resource, configs: [] })),
  })),
  script(messages.ListGroups, () => ({})),
  script(messages.DescribeGroups, ({ groups }) => ({
    groups: groups.map((groupId) => ({ groupId, groupState: 'Empty' })),
  })),
  script(messages.DeleteGroups, ({ groupsNames }) => ({ results: groupsNames.map((groupId) => ({ groupId })) })),
  script(messages.IncrementalAlterConfigs, ({ resources }) => ({ responses: resources })),
  script(messages.CreatePartitions, ({ topics }) => ({ results: topics.map(({ name }) => ({ name })) })),
]

/** Starts a recording broker on a free port of the loopback address. */
export async function startRecordingBroker(): Promise<RecordingBroker> {
  const requests: RecordedRequest[] = []
  const sockets = new Set<Socket>()
  let port = 0

  async function answer(socket: Socket, frame: Uint8Array): Promise<void> {
    const header = decodeRequestHeader(frame)
    const found = scripts.find(({ api }) => api.key === header.apiKey)
    if (found === undefined) {
      socket.destroy()
      return
    }
    const { api } = found
    const isKnown = header.apiVersion <= api.maxVersion
    const request = isKnown ? decodeRequestBody(api, header.apiVersion, frame, header.bodyPosition) : {}
    if (isKnown) requests.push({ api, version: header.apiVersion, frame: Buffer.from(frame) })
    const body = await found.answer(request, header.apiVersion, port)
    if (request.acks === 0) return
    writeChunks(socket, encodeResponse(api, isKnown ? header.apiVersion : 0, header.correlationId, body))
  }

  const server = createServer((socket) => {
    sockets.add(socket)
    const frames = new FrameReader()
    let last = Promise.resolve()
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (chunk: Uint8Array) => {
      for (const frame of frames.push(chunk)) {
        // One request after the other, as Kafka does.
        last = last.then(() => answer(socket, frame)).catch((error: Error) => void socket.destroy(error))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
  return {
    port,
    requests,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
