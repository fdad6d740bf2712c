import { bytes, int16, int64, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** One step of the SASL exchange. */
export const SaslAuthenticate = defineApi({
  key: 36,
  name: 'SaslAuthenticate',
  versions: [0, 2],
  flexible: 2,
  request: { authBytes: bytes() },
  response: {
    errorCode: int16(),
    errorMessage: string().nullable(),
    authBytes: bytes(),
    sessionLifetimeMs: int64('1+'),
  },
})
