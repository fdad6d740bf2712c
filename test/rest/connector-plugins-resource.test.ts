import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startTestBroker, type TestBroker } from '../support/broker.ts'
import { startTestWorker, type TestWorker } from '../support/connect-worker.ts'

// What Kafka's ConnectorPluginsResourceTest asserts, of a worker with the bundled plugins.

const className = 'org.apache.kafka.connect.file.FileStreamSourceConnector'
const props = { name: 'c', 'connector.class': className, topic: 't', 'tasks.max': '1' }
let broker: TestBroker
let worker: TestWorker

before(async () => {
  broker = await startTestBroker()
  worker = await startTestWorker(broker.bootstrap, { 'plugin.path': '' })
})

after(async () => {
  await worker?.stop()
  await broker?.close()
})

interface Validation {
  readonly name: string
  readonly error_count: number
  readonly groups: readonly string[]
  readonly configs: readonly { readonly value: { readonly name: string; readonly errors: readonly string[] } }[]
}

async function validate(
  plugin: string,
  config: object,
): Promise<{ status: number; body: Validation; message: string }> {
  const { status, body } = await worker.call('PUT', `/connector-plugins/${plugin}/config/validate`, config)
  return { status, body: body as Validation, message: String((body as { message?: string }).message) }
}

interface PluginEntry {
  readonly class: string
  readonly type: string
  readonly version: string
}

async function listed(query = ''): Promise<PluginEntry[]> {
  return (await worker.call('GET', `/connector-plugins${query}`)).body as PluginEntry[]
}

describe('ConnectorPluginsResourceTest', () => {
  test('testValidateConfigWithSingleErrorDueToMissingConnectorClassname: a missing setting is an error of its key', async () => {
    const { topic: _, ...partial } = props
    const { status, body } = await validate('FileStreamSourceConnector', partial)
    assert.equal(status, 200)
    assert.equal(body.error_count, 1)
    const faulty = body.configs.filter(({ value }) => value.errors.length > 0).map(({ value }) => value.name)
    assert.deepEqual(faulty, ['topic'])
  })

  for (const [title, plugin] of [
    ['testValidateConfigWithSimpleName', 'FileStreamSourceConnector'],
    ['testValidateConfigWithAlias', 'FileStreamSource'],
  ] as const) {
    test(`${title}: the plugin is found by ${plugin}`, async () => {
      const { status, body } = await validate(plugin, props)
      assert.deepEqual([status, body.error_count, body.name], [200, 0, className])
      assert.equal(body.groups[0], 'Common')
      assert.ok(body.configs.some(({ value }) => value.name === 'batch.size'))
    })
  }

  for (const [title, plugin] of [
    ['testValidateConfigWithNonExistentName', 'com.custom.package.FileStreamSink'],
    ['testValidateConfigWithNonExistentAlias', 'FileStreamNothing'],
  ] as const) {
    test(`${title}: 400, since the configuration names another class`, async () => {
      const { status, message } = await validate(plugin, props)
      assert.equal(status, 400)
      assert.match(message, /does not match request type/)
    })
  }

  test('testListConnectorPlugins: sinks and then sources, each in the order of their names', async () => {
    const plugins = await listed()
    const types = plugins.map(({ type }) => type)
    assert.deepEqual(types, [...types].toSorted())
    for (const type of ['sink', 'source']) {
      const names = plugins.filter((plugin) => plugin.type === type).map((plugin) => plugin.class)
      assert.ok(names.length > 1)
      assert.deepEqual(names, names.toSorted())
    }
  })

  test('testConnectorPluginsIncludesClassTypeAndVersionInformation, testConnectorPluginsEndpointReturnsLowercaseTypeInJson: class, type in small letters, version', async () => {
    for (const plugin of await listed()) {
      assert.deepEqual(Object.keys(plugin), ['class', 'type', 'version'])
      assert.match(plugin.type, /^(?:sink|source)$/)
      assert.match(plugin.version, /^\d+\.\d+/)
    }
  })

  test('testListAllPlugins: with connectorsOnly=false those of each kind that is listed, and no other', async () => {
    const types = new Set((await listed('?connectorsOnly=false')).map(({ type }) => type))
    const kinds = ['sink', 'source', 'transformation', 'predicate', 'converter', 'header_converter']
    assert.deepEqual([...types], kinds)
  })

  test('testGetConnectorConfigDef: every setting of the plugin itself', async () => {
    const { status, body } = await worker.call('GET', `/connector-plugins/${className}/config`)
    assert.equal(status, 200)
    const names = (body as { name: string }[]).map(({ name }) => name)
    for (const own of ['file', 'topic', 'batch.size']) assert.ok(names.includes(own), own)
  })
})

describe('SessionedProtocolIntegrationTest', () => {
  test('ensureInternalEndpointIsSecured: 400 without a signature and 403 with a wrong one, with and without the connector', async () => {
    const post = async (headers: Record<string, string>): Promise<number> => {
      const response = await fetch(new URL('connectors/c/tasks', worker.urls[0]), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: '[]',
      })
      await response.arrayBuffer()
      return response.status
    }
    const wrong = {
      'x-connect-authorization': 'S2Fma2Flc3F1ZQ==',
      'x-connect-request-signature-algorithm': 'HmacSHA256',
    }
    assert.deepEqual([await post({}), await post(wrong)], [400, 403])
    assert.equal(
      (await worker.call('POST', '/connectors', { name: 'c', config: { ...props, file: '/dev/null' } })).status,
      201,
    )
    assert.deepEqual([await post({}), await post(wrong)], [400, 403])
  })
})
