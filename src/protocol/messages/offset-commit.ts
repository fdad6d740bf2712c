import { array, int16, int32, int64, string, uuid } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Commits consumer offsets of a group. From version 10 on topics are named by id. */
export const OffsetCommit = defineApi({
  key: 8,
  name: 'OffsetCommit',
  versions: [2, 10],
  flexible: 8,
  request: {
    groupId: string(),
    generationIdOrMemberEpoch: int32().default(-1),
    memberId: string(),
    groupInstanceId: string('7+').nullable().default(null),
    retentionTimeMs: int64('2-4').default(-1),
    topics: array({
      name: string('2-9'),
      topicId: uuid('10+'),
      partitions: array({
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32('6+').default(-1),
        committedMetadata: string().nullable(),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32('3+'),
    topics: array({
      name: string('2-9'),
      topicId: uuid('10+'),
      partitions: array({ partitionIndex: int32(), errorCode: int16() }),
    }),
  },
})
