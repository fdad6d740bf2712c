import { array, boolean, int16, int32, int64, string, uuid } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Reads the committed offsets of groups: of one up to version 7, of several from 8 on. From 10 on topics are named by id. */
export const OffsetFetch = defineApi({
  key: 9,
  name: 'OffsetFetch',
  versions: [1, 10],
  flexible: 6,
  request: {
    groupId: string('1-7'),
    topics: array({ name: string(), partitionIndexes: array(int32()) }, '1-7').nullable('2+'),
    groups: array(
      {
        groupId: string(),
        memberId: string('9+').nullable().default(null),
        memberEpoch: int32('9+').default(-1),
        topics: array({
          name: string('8-9'),
          topicId: uuid('10+'),
          partitionIndexes: array(int32()),
        }).nullable(),
      },
      '8+',
    ),
    requireStable: boolean('7+'),
  },
  response: {
    throttleTimeMs: int32('3+'),
    topics: array(
      {
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          committedOffset: int64(),
          committedLeaderEpoch: int32('5-7').default(-1),
          metadata: string().nullable(),
          errorCode: int16(),
        }),
      },
      '1-7',
    ),
    errorCode: int16('2-7'),
    groups: array(
      {
        groupId: string(),
        topics: array({
          name: string('8-9'),
          topicId: uuid('10+'),
          partitions: array({
            partitionIndex: int32(),
            committedOffset: int64(),
            committedLeaderEpoch: int32().default(-1),
            metadata: string().nullable(),
            errorCode: int16(),
          }),
        }),
        errorCode: int16(),
      },
      '8+',
    ),
  },
})
