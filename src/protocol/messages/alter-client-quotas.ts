import { array, boolean, float64, int16, int32, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Sets or removes quotas. */
export const AlterClientQuotas = defineApi({
  key: 49,
  name: 'AlterClientQuotas',
  versions: [0, 1],
  flexible: 1,
  request: {
    entries: array({
      entity: array({ entityType: string(), entityName: string().nullable() }),
      ops: array({ key: string(), value: float64(), remove: boolean() }),
    }),
    validateOnly: boolean(),
  },
  response: {
    throttleTimeMs: int32(),
    entries: array({
      errorCode: int16(),
      errorMessage: string().nullable(),
      entity: array({ entityType: string(), entityName: string().nullable() }),
    }),
  },
})
