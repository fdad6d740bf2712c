import { array, int16, int32, int8, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** SCRAM mechanisms and iteration counts of users, never the secrets. */
export const DescribeUserScramCredentials = defineApi({
  key: 50,
  name: 'DescribeUserScramCredentials',
  versions: [0, 0],
  flexible: 0,
  request: { users: array({ name: string() }).nullable() },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string().nullable(),
    results: array({
      user: string(),
      errorCode: int16(),
      errorMessage: string().nullable(),
      credentialInfos: array({ mechanism: int8(), iterations: int32() }),
    }),
  },
})
