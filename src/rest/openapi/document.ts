import type { JsonSchema, Operation, Route } from '../routes/route.ts'
import { ref, schemas } from './schemas.ts'

/** What the document is made of: a route without what it does. */
export interface DocumentedOperation extends Operation {
  readonly method: Route['method']
  /** fastify's syntax. */
  readonly path: string
  /** Media type of what it answers with; default `application/json`. */
  readonly mediaType?: string
}

type Json = Readonly<Record<string, unknown>>

const pathParameters: Readonly<Record<string, { description: string; schema: JsonSchema }>> = {
  connector: { description: 'Name of a connector.', schema: { type: 'string' } },
  task: { description: 'Number of a task, from 0.', schema: { type: 'integer', minimum: 0 } },
  plugin: { description: 'Class of a plugin, or its short name.', schema: { type: 'string' } },
  logger: { description: 'Name of a logger; `root` for all.', schema: { type: 'string' } },
}

const forward = {
  name: 'forward',
  in: 'query',
  description: 'Workers set it when they send a request on; `false`: answer 409 rather than send it on.',
  schema: { type: 'boolean' },
}

const signature = ['X-Connect-Authorization', 'X-Connect-Request-Signature-Algorithm'].map((name) => ({
  name,
  in: 'header',
  schema: { type: 'string' },
}))

const words: Readonly<Record<number, string>> = {
  200: 'Done.',
  201: 'Created.',
  202: 'Accepted: it is done soon.',
  204: 'Done; there is nothing to say.',
  400: 'Something in the request is wrong; the message says what.',
  403: 'Not allowed.',
  404: 'There is no such thing.',
  409: 'The workers are being rebalanced, or it is there already: try again.',
  500: 'The body could not be read, the time ran out, or the worker failed.',
  503: 'Not ready yet.',
}

/** `/a/:b` as `/a/{b}`. */
export function documentedPath(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}')
}

/** The OpenAPI 3.1 document of these operations. */
export function openApiDocument(operations: readonly DocumentedOperation[], version: string): Json {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const operation of operations) {
    const path = (paths[documentedPath(operation.path)] ??= {})
    path[operation.method.toLowerCase()] = describe(operation)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Millrace',
      version,
      summary: "Kafka Connect's REST API",
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: { schemas },
  }
}

function describe(operation: DocumentedOperation): Json {
  const { method, path, summary, query = {}, body, answers, errors = [], internal, mediaType } = operation
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name)
  const parameters = [
    ...names.map((name) => ({ name, in: 'path', required: true, ...pathParameters[name] })),
    ...Object.entries(query).map(([name, { description, schema }]) => ({ name, in: 'query', description, schema })),
    ...(operation.forwarded === undefined ? [] : [forward]),
    ...(internal === undefined ? [] : signature),
  ]
  const responses = [
    ...Object.entries(answers).map(([status, schema]) => [status, answer(Number(status), schema, mediaType)] as const),
    ...[...errors, 500]
      .filter((status) => !Object.hasOwn(answers, status))
      .map((status) => [String(status), answer(status, ref('Error'))] as const),
  ]
  return {
    operationId: operationId(method, path),
    summary,
    tags: [path.split('/')[1] || 'server'],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: content(body) } }),
    responses: Object.fromEntries(responses),
  }
}

function answer(status: number, schema: JsonSchema | null, mediaType?: string): Json {
  return { description: words[status] ?? 'Done.', ...(schema === null ? {} : { content: content(schema, mediaType) }) }
}

function content(schema: JsonSchema, mediaType = 'application/json'): Json {
  return { [mediaType]: { schema } }
}

/** `PUT /connectors/:connector/config` → `putConnectorsConnectorConfig`. */
function operationId(method: string, path: string): string {
  const parts = path.split(/[^A-Za-z0-9]+/).filter((part) => part !== '')
  return method.toLowerCase() + parts.map((part) => part.charAt(0).toUpperCase() + part.slice(1)).join('')
}
