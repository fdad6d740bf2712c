import { array, int16, int32, int64, int8, records, string, struct, uuid } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Reads record batches, waiting for enough of them. From version 13 on topics are named by id. */
export const Fetch = defineApi({
  key: 1,
  name: 'Fetch',
  versions: [4, 18],
  flexible: 12,
  request: {
    clusterId: string('12+').nullable().default(null).tag(0),
    replicaId: int32('4-14').default(-1),
    replicaState: struct({ replicaId: int32().default(-1), replicaEpoch: int64().default(-1) }, '15+').tag(1),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32().default(0x7fffffff),
    isolationLevel: int8(),
    sessionId: int32('7+'),
    sessionEpoch: int32('7+').default(-1),
    topics: array({
      topic: string('4-12'),
      topicId: uuid('13+'),
      partitions: array({
        partition: int32(),
        currentLeaderEpoch: int32('9+').default(-1),
        fetchOffset: int64(),
        lastFetchedEpoch: int32('12+').default(-1),
        logStartOffset: int64('5+').default(-1),
        partitionMaxBytes: int32(),
        replicaDirectoryId: uuid('17+').tag(0),
        highWatermark: int64('18+')
          .default(2 ** 63)
          .tag(1),
      }),
    }),
    forgottenTopicsData: array({ topic: string('7-12'), topicId: uuid('13+'), partitions: array(int32()) }, '7+'),
    rackId: string('11+'),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16('7+'),
    sessionId: int32('7+'),
    responses: array({
      topic: string('4-12'),
      topicId: uuid('13+'),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        highWatermark: int64(),
        lastStableOffset: int64().default(-1),
        logStartOffset: int64('5+').default(-1),
        divergingEpoch: struct({ epoch: int32().default(-1), endOffset: int64().default(-1) }, '12+').tag(0),
        currentLeader: struct({ leaderId: int32().default(-1), leaderEpoch: int32().default(-1) }, '12+').tag(1),
        snapshotId: struct({ endOffset: int64().default(-1), epoch: int32().default(-1) }, '12+').tag(2),
        abortedTransactions: array({ producerId: int64(), firstOffset: int64() }).nullable(),
        preferredReadReplica: int32('11+').default(-1),
        records: records().nullable(),
      }),
    }),
    nodeEndpoints: array(
      {
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string().nullable().default(null),
      },
      '16+',
    ).tag(0),
  },
})
