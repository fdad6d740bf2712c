import { array, int16, int32, int64, records, string, struct, uuid } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Appends record batches to partitions. From version 13 on topics are named by id. */
export const Produce = defineApi({
  key: 0,
  name: 'Produce',
  versions: [3, 13],
  flexible: 9,
  request: {
    transactionalId: string().nullable().default(null),
    acks: int16(),
    timeoutMs: int32(),
    topicData: array({
      name: string('3-12'),
      topicId: uuid('13+'),
      partitionData: array({ index: int32(), records: records().nullable() }),
    }),
  },
  response: {
    responses: array({
      name: string('3-12'),
      topicId: uuid('13+'),
      partitionResponses: array({
        index: int32(),
        errorCode: int16(),
        baseOffset: int64(),
        logAppendTimeMs: int64().default(-1),
        logStartOffset: int64('5+').default(-1),
        recordErrors: array(
          {
            batchIndex: int32(),
            batchIndexErrorMessage: string().nullable().default(null),
          },
          '8+',
        ),
        errorMessage: string('8+').nullable().default(null),
        currentLeader: struct({ leaderId: int32().default(-1), leaderEpoch: int32().default(-1) }, '10+').tag(0),
      }),
    }),
    throttleTimeMs: int32(),
    nodeEndpoints: array(
      {
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string().nullable().default(null),
      },
      '10+',
    ).tag(0),
  },
})
