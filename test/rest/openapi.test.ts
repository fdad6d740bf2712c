import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { HTTPMethods } from 'fastify'
import { silentLogger } from '../../src/base/logger.ts'
import { createApp } from '../../src/rest/app.ts'
import { fakeHerder } from '../support/fake-herder.ts'

interface Document {
  readonly openapi: string
  readonly paths: Record<string, Record<string, DocumentedOperation>>
  readonly components: { readonly schemas: Record<string, object> }
}

interface DocumentedOperation {
  readonly operationId: string
  readonly summary: string
  readonly parameters?: { name: string; in: string }[]
  readonly requestBody?: { content: Record<string, { schema: object }> }
  readonly responses: Record<string, { content?: Record<string, { schema: object }> }>
}

const app = await createApp({ herder: fakeHerder(), logger: silentLogger, metrics: { collect: async () => [] } })
after(() => app.close())

const document = (await app.inject('/openapi.json')).json<Document>()
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)

/** Paths that fastify knows, in the document's syntax. */
function registeredPaths(): string[] {
  const parents: string[] = []
  return [...app.printRoutes({ commonPrefix: false }).matchAll(/^([^\w/]*)(\S+) \(/gm)].map((line) => {
    const [, indent = '', part = ''] = line
    const depth = indent.length / 4 - 1
    const parent = depth === 0 ? '' : (parents[depth - 1] ?? '')
    const path = parent === '/' ? `/${part}` : parent + part
    parents[depth] = path
    return path.replace(/:(\w+)/g, '{$1}')
  })
}

describe('the OpenAPI document', () => {
  test('has every path that is served, with just the methods that the path allows', async () => {
    const paths = [...new Set(registeredPaths())].toSorted()
    assert.ok(paths.length > 15, `only ${paths.length} paths were found`)
    assert.deepEqual(Object.keys(document.paths).toSorted(), paths)
    for (const path of paths) {
      const url = path.replace(/\{\w+\}/g, '0')
      const allowed = String((await app.inject({ method: 'OPTIONS', url })).headers['allow']).toLowerCase()
      const methods = allowed.split(',').filter((method) => method !== 'head' && method !== 'options')
      assert.deepEqual(Object.keys(document.paths[path] ?? {}).toSorted(), methods.toSorted(), path)
    }
  })

  test('has each operation registered as a route of its own', () => {
    for (const { path, method } of operations) {
      const url = path.replace(/\{(\w+)\}/g, ':$1')
      assert.ok(app.hasRoute({ method: method.toUpperCase() as HTTPMethods, url }), `${method} ${path}`)
    }
  })

  test('says of each operation what it is and which parameters its path has, and names it once', () => {
    assert.equal(document.openapi, '3.1.0')
    const ids = operations.map(({ operation }) => operation.operationId)
    assert.equal(new Set(ids).size, ids.length)
    for (const { path, operation } of operations) {
      assert.match(operation.summary, /\S.*[.:]|\)$/)
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path')
      assert.deepEqual(
        declared.map(({ name }) => name),
        named,
      )
    }
  })

  test('has schemas that are valid and refer only to what is there', () => {
    const ajv = new Ajv2020({ strict: false })
    ajv.addSchema({ $id: 'doc', components: document.components })
    const schemas = operations.flatMap(({ operation }) => [
      ...Object.values(operation.requestBody?.content ?? {}),
      ...Object.values(operation.responses).flatMap(({ content = {} }) => Object.values(content)),
    ])
    assert.ok(schemas.length > 40)
    for (const { schema } of schemas) ajv.compile(inDocument(schema))
  })

  test('describes the answers that come', async () => {
    const ajv = new Ajv2020({ strict: false })
    ajv.addSchema({ $id: 'doc', components: document.components })
    let checked = 0
    for (const { path, method, operation } of operations) {
      const body = operation.requestBody === undefined ? undefined : bodies[`${method} ${path}`]
      assert.ok(operation.requestBody === undefined || body !== undefined, `no example body for ${method} ${path}`)
      const answer = await app.inject({
        method: method.toUpperCase() as 'GET',
        url: path.replace('{task}', '0').replace(/\{\w+\}/g, 'c'),
        ...(body === undefined ? {} : { payload: body, headers: { 'content-type': 'application/json' } }),
      })
      const described = operation.responses[String(answer.statusCode)]
      assert.ok(described, `${method} ${path} answers ${answer.statusCode}, of which the document says nothing`)
      const schema = described.content?.['application/json']?.schema
      if (described.content === undefined) assert.equal(answer.body, '')
      if (schema === undefined) continue
      const isValid = ajv.compile(inDocument(schema))
      assert.ok(isValid(answer.json()), `${method} ${path}: ${JSON.stringify(isValid.errors)}`)
      checked++
    }
    assert.ok(checked > 15)
  })

  test('leaves out the endpoints that another listener has', async () => {
    const main = await createApp({ herder: fakeHerder(), logger: silentLogger, resources: 'main' })
    const admin = await createApp({ herder: fakeHerder(), logger: silentLogger, resources: 'admin' })
    const paths = async (of: typeof app) => Object.keys((await of.inject('/openapi.json')).json<Document>().paths)
    assert.ok((await paths(main)).every((path) => !path.startsWith('/admin/')))
    assert.deepEqual(await paths(admin), ['/admin/loggers', '/admin/loggers/{logger}', '/openapi.json'])
    await Promise.all([main.close(), admin.close()])
  })
})

const bodies: Record<string, string> = {
  'post /connectors': '{"name":"c","config":{}}',
  'put /connectors/{connector}/config': '{}',
  'patch /connectors/{connector}/config': '{}',
  'post /connectors/{connector}/tasks': '[]',
  'patch /connectors/{connector}/offsets': '{"offsets":[{"partition":{},"offset":null}]}',
  'put /connector-plugins/{plugin}/config/validate': '{}',
  'put /admin/loggers/{logger}': '{"level":"INFO"}',
}

function inDocument(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"doc#/')) as object
}
