import type { Call, Scenario } from '../scenario.ts'

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const paths = [
  '/',
  '/health',
  '/connectors',
  '/connectors/none',
  '/connectors/none/config',
  '/connectors/none/status',
  '/connectors/none/tasks',
  '/connectors/none/tasks-config',
  '/connectors/none/tasks/0/status',
  '/connectors/none/tasks/0/restart',
  '/connectors/none/restart',
  '/connectors/none/pause',
  '/connectors/none/resume',
  '/connectors/none/stop',
  '/connectors/none/topics',
  '/connectors/none/topics/reset',
  '/connectors/none/offsets',
  '/connector-plugins',
  '/connector-plugins/FileStreamSource/config',
  '/connector-plugins/FileStreamSource/config/validate',
  '/admin/loggers/org.none',
  '/none',
  '/connectors/none/none',
]

/** Bodies are missing on purpose: routing decides before they are read, or the missing body is the mistake. */
const everyMethod: Call[] = paths.flatMap((path) => methods.map((method) => ({ call: `${method} ${path}` })))

export const server: Scenario[] = [
  { name: 'every method on every path', connectors: [], steps: everyMethod },
  {
    name: 'media types',
    connectors: [],
    steps: [
      ...['text/plain', 'application/json; charset=utf-8', 'application/*', '*/*', 'application/xml'].flatMap(
        (accept) => [
          { call: 'GET /', headers: { accept } },
          { call: 'GET /connectors', headers: { accept } },
        ],
      ),
      ...['text/plain', 'application/json; charset=latin1', 'application/xml', 'garbage'].flatMap((type): Call[] => [
        { call: 'GET /connectors', headers: { 'content-type': type } },
        { call: 'POST /connectors', text: '{}', headers: { 'content-type': type } },
        { call: 'DELETE /connectors/none', headers: { 'content-type': type } },
      ]),
    ],
  },
  {
    name: 'paths',
    connectors: [],
    steps: [
      { call: 'GET /connectors/' },
      { call: 'GET /connectors/none/' },
      { call: 'GET /connectors;x=1' },
      { call: 'GET /connectors/none;x' },
      { call: 'GET /connectors/none%3Bx' },
      { call: 'GET /connectors/no%20ne' },
      { call: 'GET /connectors/n%C3%B6ne' },
      { call: 'GET /connectors?expand=status' },
      { call: 'GET /connectors?expand=none' },
      { call: 'GET /connectors?expand=' },
      { call: 'GET /connectors/none/tasks/x/status' },
      { call: 'GET /connectors/none/tasks/-1/status' },
      { call: 'POST /connectors/none/restart?includeTasks=true&onlyFailed=maybe' },
      { call: 'PUT /connectors/none/stop?forward=false' },
      { call: 'GET /connector-plugins/none/config' },
      { call: 'GET /connector-plugins?connectorsOnly=' },
    ],
  },
]
