import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { describe, test } from 'node:test'
import { config, defineRestExtension } from '../../src/connect/index.ts'
import { clusterState } from '../../src/rest/extensions/cluster-state.ts'
import { RestExtensions } from '../../src/rest/extensions/rest-extensions.ts'
import { advertisedUrl } from '../../src/rest/listeners.ts'
import { createRestServer, type RestServer, type RestServerOptions } from '../../src/rest/server.ts'
import { workerConfig } from '../../src/runtime/index.ts'
import { testWorkerProps } from '../support/connect-worker.ts'
import { type FakeHerder, fakeHerder } from '../support/fake-herder.ts'
import { type LoggedLine, recordingPino } from '../support/recording-pino.ts'

interface Served {
  readonly server: RestServer
  readonly herder: FakeHerder
  readonly lines: readonly LoggedLine[]
}

/** Runs with a server that listens as these properties say. */
async function serving(
  props: Record<string, string>,
  work: (served: Served) => Promise<void>,
  more: Partial<RestServerOptions> = {},
): Promise<void> {
  const { listeners, rest } = workerConfig(testWorkerProps('localhost:1', props))
  const herder = fakeHerder()
  const { logger, lines } = recordingPino()
  const server = await createRestServer({
    herder,
    logger,
    listeners,
    adminListeners: rest.adminListeners,
    rest,
    ...more,
  })
  try {
    await work({ server, herder, lines })
  } finally {
    await server.close()
  }
}

function advertised(props: Record<string, string>): string {
  const made = workerConfig(testWorkerProps('localhost:1', props))
  const bound = made.listeners.map((text) => {
    const { protocol, hostname, port } = new URL(text)
    return { scheme: protocol === 'https:' ? 'https' : 'http', host: hostname, port: Number(port) } as const
  })
  return advertisedUrl(made, bound)
}

async function checkCors(origins: string, methods: string, expected: string | null): Promise<void> {
  const props = { 'access.control.allow.origin': origins, 'access.control.allow.methods': methods }
  await serving(props, async ({ server }) => {
    const headers = { origin: 'http://bar.com', referer: 'http://bar.com/page' }
    const answer = await fetch(`${server.urls[0]}connectors`, { headers })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('access-control-allow-origin'), expected)
    const preflight = await fetch(`${server.urls[0]}connector-plugins/FileStreamSource/validate`, {
      method: 'OPTIONS',
      headers: { ...headers, 'access-control-request-method': 'PUT' },
    })
    assert.equal(preflight.status, 404)
    assert.equal(preflight.headers.get('access-control-allow-origin'), expected)
    assert.equal(
      preflight.headers.get('access-control-allow-methods'),
      expected === null ? null : methods || 'GET,POST,HEAD',
    )
  })
}

describe('ConnectRestServerTest', () => {
  test('testCORSEnabled: pages of other origins may call, and a preflight says how, also where nothing is', async () => {
    await checkCors('*', 'PUT', 'http://bar.com')
    await checkCors('http://foo.com, http://bar.com', '', 'http://bar.com')
    await checkCors('http://*.com', 'PUT', 'http://bar.com')
  })

  test('testCORSDisabled: without the setting, or for another origin, no such header is sent', async () => {
    await checkCors('', 'PUT', null)
    await checkCors('http://bar.co', 'PUT', null)
    await checkCors('http://barxcom', 'PUT', null)
  })

  test('testAdvertisedUri: scheme, host and port come from what is advertised, else from the listeners', () => {
    const both = 'http://localhost:8080,https://localhost:8443'
    assert.equal(advertised({ listeners: both }), 'http://localhost:8080/')
    assert.equal(advertised({ listeners: both, 'rest.advertised.listener': 'https' }), 'https://localhost:8443/')
    assert.equal(advertised({ listeners: 'https://localhost:8443' }), 'https://localhost:8443/')
    const given = {
      listeners: 'https://localhost:8443',
      'rest.advertised.listener': 'http',
      'rest.advertised.host.name': 'somehost',
      'rest.advertised.port': '10000',
    }
    assert.equal(advertised(given), 'http://somehost:10000/')
    const httpsFirst = 'https://encrypted-localhost:42069,http://plaintext-localhost:4761'
    const url = advertised({ listeners: httpsFirst, 'rest.advertised.listener': 'http' })
    assert.equal(url, 'http://plaintext-localhost:4761/')
    assert.equal(advertised({ listeners: both, 'rest.advertised.host.name': '' }), 'http://localhost:8080/')
  })

  test('testOptionsDoesNotIncludeWadlOutput: OPTIONS lists the methods as plain text, as Allow does', async () => {
    await serving({}, async ({ server }) => {
      const answer = await fetch(`${server.urls[0]}connectors`, { method: 'OPTIONS' })
      assert.equal(answer.headers.get('content-type'), 'text/plain')
      assert.deepEqual(answer.headers.get('allow')?.split(','), (await answer.text()).split(', '))
    })
  })

  test('testLoggerEndpointWithDefaults: loggers are at the ordinary listeners', async () => {
    await serving({}, async ({ server, herder }) => {
      const put = await fetch(`${server.urls[0]}admin/loggers/a.b.c.s.W`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: '{"level":"INFO"}',
      })
      assert.equal(put.status, 200)
      const answer = await fetch(`${server.urls[0]}admin/loggers`)
      assert.deepEqual(await answer.json(), { root: { level: 'INFO', last_modified: null } })
      assert.deepEqual(herder.calls[0], ['setLoggerLevel', 'a.b.c.s.W', 'INFO', 'worker'])
      assert.deepEqual(server.adminUrls, [])
    })
  })

  test('testIndependentAdminEndpoint: with admin.listeners they are there and nowhere else', async () => {
    await serving({ 'admin.listeners': 'http://127.0.0.1:0' }, async ({ server }) => {
      assert.equal((await fetch(`${server.adminUrls[0]}admin/loggers`)).status, 200)
      assert.equal((await fetch(`${server.adminUrls[0]}connectors`)).status, 404)
      assert.equal((await fetch(`${server.urls[0]}admin/loggers`)).status, 404)
      assert.equal((await fetch(`${server.urls[0]}connectors`)).status, 200)
    })
  })

  test('testDisableAdminEndpoint: with empty admin.listeners they are nowhere', async () => {
    await serving({ 'admin.listeners': '' }, async ({ server }) => {
      assert.deepEqual(server.adminUrls, [])
      assert.equal((await fetch(`${server.urls[0]}admin/loggers`)).status, 404)
    })
  })

  test('testRequestLogs: a line a request, without query and credentials', async () => {
    const { logger, lines } = recordingPino()
    await serving(
      {},
      async ({ server }) => {
        await fetch(`${server.urls[0]}?token=hidden`, {
          headers: { authorization: 'Basic c2VjcmV0', 'user-agent': 'me/1' },
        })
      },
      { logger },
    )
    const line = lines.find(({ msg }) => msg === 'Request')
    assert.deepEqual(
      [line?.['method'], line?.['path'], line?.['status'], line?.['agent'], line?.['remote']],
      ['GET', '/', 200, 'me/1', '127.0.0.1'],
    )
    assert.ok(Number(line?.['bytes']) > 10)
    assert.ok(!/hidden|c2VjcmV0/.test(JSON.stringify(lines)))
  })

  test('a listener without a host is reached by IPv6 too, and the log has addresses of IPv4 as such', async () => {
    const hasIpv6 = Object.values(networkInterfaces()).some((known) => known?.some(({ address }) => address === '::1'))
    await serving({ listeners: 'http://:0' }, async ({ server, lines }) => {
      const port = server.bound[0]?.port
      const hosts = hasIpv6 ? ['127.0.0.1', '[::1]'] : ['127.0.0.1']
      for (const host of hosts) assert.equal((await fetch(`http://${host}:${port}/`)).status, 200, host)
      assert.deepEqual(
        lines.filter(({ msg }) => msg === 'Request').map(({ remote }) => remote),
        hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'],
      )
    })
  })

  test('testValidCustomizedHttpResponseHeaders: every answer has the headers that are configured', async () => {
    const rules =
      'add X-XSS-Protection: 1; mode=block, "add Cache-Control: no-cache, no-store, must-revalidate", setDate Expires: 60000, add X-Two: a, add X-Two: b, set X-One: a, set X-One: b'
    await serving({ 'response.http.headers.config': rules }, async ({ server }) => {
      for (const [path, status] of [
        ['connectors', 200],
        ['nothing', 404],
      ] as const) {
        const { headers, status: answered } = await fetch(`${server.urls[0]}${path}`)
        assert.equal(answered, status)
        assert.equal(headers.get('x-xss-protection'), '1; mode=block')
        assert.equal(headers.get('cache-control'), 'no-cache, no-store, must-revalidate')
        assert.equal(headers.get('x-two'), 'a, b')
        assert.equal(headers.get('x-one'), 'b')
        const ahead = Date.parse(headers.get('expires') ?? '') - Date.now()
        assert.ok(ahead > 50_000 && ahead <= 60_000, `${ahead} ms`)
      }
    })
  })

  test('testDefaultCustomizedHttpResponseHeaders: by default there are none', async () => {
    await serving({}, async ({ server }) => {
      const { headers } = await fetch(`${server.urls[0]}connectors`)
      assert.equal(headers.get('x-frame-options'), null)
      assert.equal(headers.get('cache-control'), null)
    })
  })
})

describe('REST extensions', () => {
  const asked: string[] = []
  const plugin = defineRestExtension({
    class: 'test.TeapotRestExtension',
    version: '1',
    summary: 'Refuses coffee.',
    config: config({}),
    create: () => ({
      register(context) {
        context.beforeRequest((request) => {
          asked.push(`${request.method} ${request.path}`)
          return request.headers['x-coffee'] === undefined ? undefined : { status: 418, body: { tea: true } }
        })
        context.route('POST', '/teapots/:id', async ({ params, query, body }) => {
          const { connector } = await context.clusterState.connectorHealth('c')
          const text = Buffer.from(body).toString()
          return {
            status: 201,
            headers: { 'x-pot': params['id'] ?? '' },
            body: `${text} ${query.get('q')} ${connector.state}`,
          }
        })
        context.route('GET', '/teapots', () => ({
          body: new Uint8Array([1, 2]),
          headers: { 'content-type': 'image/png' },
        }))
        context.route('GET', '/broken', () => {
          throw new Error('cracked')
        })
      },
      close: () => void asked.push('closed'),
    }),
  })
  const extensionsOf = (isTaken: (path: string) => boolean = () => false) =>
    RestExtensions.create({
      plugins: [plugin],
      properties: {},
      clusterState: clusterState(fakeHerder(), 1000),
      logger: recordingPino().logger,
      isTaken,
    })

  test('testMonitorableConnectRestExtension: is registered before the server listens, asked, serves its paths, and is closed', async () => {
    const extensions = await extensionsOf()
    await serving(
      { 'admin.listeners': 'http://127.0.0.1:0' },
      async ({ server }) => {
        const url = server.urls[0] ?? ''
        const refused = await fetch(`${url}connectors`, { headers: { 'x-coffee': '1' } })
        assert.deepEqual([refused.status, await refused.json()], [418, { tea: true }])
        assert.equal((await fetch(`${url}connectors`)).status, 200)
        assert.equal((await fetch(`${url}nothing`, { headers: { 'x-coffee': '1' } })).status, 404)
        const made = await fetch(`${url}teapots/a%2Fb?q=1`, {
          method: 'POST',
          body: 'leaves',
          headers: { 'content-type': 'text/x' },
        })
        assert.deepEqual([made.status, made.headers.get('x-pot'), await made.text()], [201, 'a/b', 'leaves 1 RUNNING'])
        const picture = await fetch(`${url}teapots`, { headers: { accept: 'image/*' } })
        assert.deepEqual([picture.headers.get('content-type'), (await picture.bytes()).length], ['image/png', 2])
        assert.equal((await fetch(`${url}broken`)).status, 500)
        assert.equal((await fetch(`${server.adminUrls[0]}admin/loggers`, { headers: { 'x-coffee': '1' } })).status, 200)
      },
      { extensions },
    )
    await extensions.close()
    assert.deepEqual(asked.slice(0, 2), ['GET /connectors', 'GET /connectors'])
    assert.equal(asked.at(-1), 'closed')
  })

  test('one that wants a path of the worker is refused, and closed', async () => {
    asked.length = 0
    await assert.rejects(
      extensionsOf((path) => path === '/teapots'),
      /rest\.extension\.classes: test\.TeapotRestExtension cannot be used: there is GET \/teapots already/,
    )
    assert.deepEqual(asked, ['closed'])
  })
})

test('connections stay open for clients that ask once a minute', async () => {
  await serving({}, async ({ server }) => {
    const answer = await fetch(`${server.urls[0]}connectors`)
    await answer.body?.cancel()
    assert.equal(answer.headers.get('keep-alive'), 'timeout=65')
  })
})
