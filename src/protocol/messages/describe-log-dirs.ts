import { array, boolean, int16, int32, int64, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Folders of a broker with the sizes of the partitions in them. */
export const DescribeLogDirs = defineApi({
  key: 35,
  name: 'DescribeLogDirs',
  versions: [1, 5],
  flexible: 2,
  request: { topics: array({ topic: string(), partitions: array(int32()) }).nullable() },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16('3+'),
    results: array({
      errorCode: int16(),
      logDir: string(),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          partitionSize: int64(),
          offsetLag: int64(),
          isFutureKey: boolean(),
        }),
      }),
      totalBytes: int64('4+').default(-1),
      usableBytes: int64('4+').default(-1),
      isCordoned: boolean('5+'),
    }),
  },
})
