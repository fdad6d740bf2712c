import { array, boolean, int16, int32, int8, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Configuration of topics (resource type 2), brokers (4), broker loggers (8), client metrics (16) and groups (32). */
export const DescribeConfigs = defineApi({
  key: 32,
  name: 'DescribeConfigs',
  versions: [1, 4],
  flexible: 4,
  request: {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configurationKeys: array(string()).nullable(),
    }),
    includeSynonyms: boolean(),
    includeDocumentation: boolean('3+'),
  },
  response: {
    throttleTimeMs: int32(),
    results: array({
      errorCode: int16(),
      errorMessage: string().nullable(),
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        value: string().nullable(),
        readOnly: boolean(),
        configSource: int8().default(-1),
        isSensitive: boolean(),
        synonyms: array({ name: string(), value: string().nullable(), source: int8() }),
        configType: int8('3+'),
        documentation: string('3+').nullable(),
      }),
    }),
  },
})
