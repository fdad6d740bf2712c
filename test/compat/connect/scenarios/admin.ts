import type { Call, Scenario } from '../scenario.ts'

const put = (logger: string, text: string): Call => ({ call: `PUT /admin/loggers/${logger}`, text })

export const admin: Scenario[] = [
  {
    name: 'loggers',
    connectors: [],
    steps: [
      put('org.millrace.compat.one', '{"level":"DEBUG"}'),
      { call: 'GET /admin/loggers/org.millrace.compat.one' },
      put('org.millrace.compat.one', '{"level":"debug "}'),
      put('org.millrace.compat', '{"level":"WARN"}'),
      { call: 'GET /admin/loggers/org.millrace.compat.one' },
      put('org.millrace.compat?scope=cluster', '{"level":"ERROR"}'),
      { until: '/admin/loggers/org.millrace.compat', is: { level: 'ERROR' } },
      put('org.millrace.compat?scope=none', '{"level":"TRACE"}'),
      ...['OFF', 'FATAL', 'ALL', 'loud', ''].map((level) => put('org.millrace.compat.two', JSON.stringify({ level }))),
      ...['{}', '[]', '', 'null', '{"level":null}', '{"level":1}', '{"other":"x"}'].map((text) =>
        put('org.millrace.compat.two', text),
      ),
      { call: 'GET /admin/loggers/org.millrace.none' },
    ],
  },
  {
    name: 'internal requests',
    connectors: [],
    steps: [
      { call: 'POST /connectors/none/tasks', text: '[]' },
      {
        call: 'POST /connectors/none/tasks',
        text: '[]',
        headers: { 'x-connect-authorization': 'eA==', 'x-connect-request-signature-algorithm': 'HmacSHA256' },
      },
      {
        call: 'POST /connectors/none/tasks',
        text: '[]',
        headers: { 'x-connect-authorization': '?', 'x-connect-request-signature-algorithm': 'HmacSHA256' },
      },
      {
        call: 'POST /connectors/none/tasks',
        text: '[]',
        headers: { 'x-connect-authorization': 'eA==', 'x-connect-request-signature-algorithm': 'HmacMD5' },
      },
      {
        call: 'POST /connectors/none/tasks',
        text: '[]',
        headers: { 'x-connect-authorization': 'eA==', 'x-connect-request-signature-algorithm': 'none' },
      },
      { call: 'POST /connectors/none/tasks', text: '[]', headers: { 'x-connect-authorization': 'eA==' } },
      { call: 'PUT /connectors/none/fence' },
      {
        call: 'PUT /connectors/none/fence',
        headers: { 'x-connect-authorization': 'eA==', 'x-connect-request-signature-algorithm': 'HmacSHA256' },
      },
    ],
  },
]
