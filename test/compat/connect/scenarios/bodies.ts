import type { Call, Scenario } from '../scenario.ts'
import { fileSource, input, running } from './connectors.ts'

const malformed = [
  '',
  ' ',
  '[]',
  '{}',
  '""',
  'null',
  '1',
  'true',
  '{',
  '{"name":"x"',
  "{'name':'x'}",
  '{"name":"x","config":{}}{}',
  '{"name":"x","config":{}} trailing',
  '{"name":"x","config":[]}',
  '{"name":"x","config":null}',
  '{"name":"x","config":1}',
  '{"name":"x","config":"y"}',
  '{"name":"x"}',
  '{"name":null,"config":{}}',
  '{"name":1,"config":{}}',
  '{"name":["x"],"config":{}}',
  '{"name":"x","config":{"a":[]}}',
  '{"name":"x","config":{"a":{}}}',
  '{"name":"x","config":{},"other":1}',
  '{"name":"x","config":{},"initial_state":"NONE"}',
  '{"name":"x","config":{},"initial_state":1}',
  '{"name":"x","config":{"name":"y","connector.class":"FileStreamSource"}}',
  '{"name":"","config":{"connector.class":"FileStreamSource","topic":"t"}}',
  '{"name":"  ","config":{"connector.class":"FileStreamSource","topic":"t"}}',
  '{"config":{"connector.class":"FileStreamSource","topic":"t"}}',
  '{"name":"x","config":{"connector.class":"none.None"}}',
  '{"name":"x","config":{"connector.class":""}}',
  '{"name":"x","config":{"connector.class":null}}',
  '{"name":"x","config":{"connector.class":"FileStreamSource","topic":null}}',
  '{"name":"x","config":{"connector.class":"FileStreamSource","topic":"t","tasks.max":null}}',
]

const configs = [
  '',
  '[]',
  '1',
  '{"a":[]}',
  '{"a":{}}',
  '{"connector.class":"none"}',
  '{"name":"other","connector.class":"FileStreamSource","topic":"t"}',
]

const offsets = [
  '',
  '[]',
  '{}',
  '{"key":[]}',
  '{"offsets":[]}',
  '{"offsets":{}}',
  '{"offsets":[123]}',
  '{"offsets":[{"none":1}]}',
  '{"offsets":[{"partition":[]}]}',
  '{"offsets":[{"partition":{},"offset":1}]}',
]

export const bodies: Scenario[] = [
  {
    name: 'malformed requests to create a connector',
    connectors: ['x'],
    steps: malformed.flatMap((text): Call[] => [{ call: 'POST /connectors', text }, { call: 'GET /connectors' }]),
  },
  {
    name: 'malformed configurations',
    connectors: ['conf'],
    files: input,
    steps: [
      ...configs.flatMap((text): Call[] => [
        { call: 'PUT /connectors/conf/config', text },
        { call: 'PATCH /connectors/conf/config', text },
        { call: 'PUT /connector-plugins/FileStreamSource/config/validate', text },
      ]),
      { call: 'POST /connectors', body: { name: 'conf', config: fileSource('conf') } },
      { until: '/connectors/conf/status', is: running(1) },
      ...configs.map((text): Call => ({ call: 'PATCH /connectors/conf/config', text })),
    ],
  },
  {
    name: 'scalars in configurations are taken as text',
    connectors: ['scalars'],
    files: input,
    steps: [
      {
        call: 'PUT /connectors/scalars/config',
        text: '{"connector.class":"FileStreamSource","topic":"t","file":"{tmp}/in.txt","tasks.max":1,"a":true,"b":1.50,"c":1e3,"d":12345678901234567890}',
      },
      { call: 'GET /connectors/scalars/config' },
    ],
  },
  {
    name: 'malformed offsets',
    connectors: ['off'],
    files: input,
    steps: [
      ...offsets.map((text): Call => ({ call: 'PATCH /connectors/off/offsets', text })),
      { call: 'POST /connectors', body: { name: 'off', config: fileSource('off'), initial_state: 'STOPPED' } },
      { until: '/connectors/off/status', is: { connector: { state: 'STOPPED' }, tasks: [] } },
      ...offsets.map((text): Call => ({ call: 'PATCH /connectors/off/offsets', text })),
    ],
  },
]
