import { array, boolean, int16, int32, int8, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Replaces the whole configuration of resources. IncrementalAlterConfigs is the better choice. */
export const AlterConfigs = defineApi({
  key: 33,
  name: 'AlterConfigs',
  versions: [0, 2],
  flexible: 2,
  request: {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configs: array({ name: string(), value: string().nullable() }),
    }),
    validateOnly: boolean(),
  },
  response: {
    throttleTimeMs: int32(),
    responses: array({
      errorCode: int16(),
      errorMessage: string().nullable(),
      resourceType: int8(),
      resourceName: string(),
    }),
  },
})
