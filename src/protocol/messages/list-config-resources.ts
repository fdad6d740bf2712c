import { array, int16, int32, int8, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Resources that have a configuration; version 0 lists client metrics only. */
export const ListConfigResources = defineApi({
  key: 74,
  name: 'ListConfigResources',
  versions: [0, 1],
  flexible: 0,
  request: { resourceTypes: array(int8(), '1+') },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    configResources: array({ resourceName: string(), resourceType: int8('1+').default(16) }),
  },
})
