import { array, int16, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Chooses a SASL mechanism. After version 0 bare tokens follow, after version 1 SaslAuthenticate requests. */
export const SaslHandshake = defineApi({
  key: 17,
  name: 'SaslHandshake',
  versions: [0, 1],
  flexible: null,
  request: { mechanism: string() },
  response: { errorCode: int16(), mechanisms: array(string()) },
})
