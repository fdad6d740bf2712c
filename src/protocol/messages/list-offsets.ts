import { array, int16, int32, int64, int8, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Looks up offsets by timestamp; -1 latest, -2 earliest, -3 largest timestamp, -4 earliest local, -5 latest tiered, -6 earliest not yet tiered. */
export const ListOffsets = defineApi({
  key: 2,
  name: 'ListOffsets',
  versions: [1, 11],
  flexible: 6,
  request: {
    replicaId: int32(),
    isolationLevel: int8('2+'),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        currentLeaderEpoch: int32('4+').default(-1),
        timestamp: int64(),
      }),
    }),
    timeoutMs: int32('10+'),
  },
  response: {
    throttleTimeMs: int32('2+'),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        timestamp: int64().default(-1),
        offset: int64().default(-1),
        leaderEpoch: int32('4+').default(-1),
      }),
    }),
  },
})
