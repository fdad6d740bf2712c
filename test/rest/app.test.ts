import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { InjectOptions } from 'fastify'
import { silentLogger } from '../../src/base/logger.ts'
import { hideInLogs } from '../../src/base/secrets.ts'
import { createApp } from '../../src/rest/app.ts'
import {
  AlreadyExistsError,
  BadRequestError,
  ForbiddenError,
  NotFoundError,
  NotLeaderError,
  RebalanceNeededError,
  UnavailableError,
} from '../../src/runtime/index.ts'
import { type FakeHerder, fakeHerder } from '../support/fake-herder.ts'

type Answer = { status: number; headers: Record<string, unknown>; text: string; json: unknown }

/** The application, made once; it asks whichever herder the present test has. */
let current: FakeHerder = fakeHerder()
const herderOfTest = new Proxy(current, { get: (_target, method) => Reflect.get(current, method) as unknown })
const appOfTest = createApp({ herder: herderOfTest, logger: silentLogger, timeouts: { requestMs: 500, healthMs: 500 } })

after(async () => {
  await (await appOfTest).close()
})

async function ask(request: InjectOptions, herder: FakeHerder = fakeHerder()): Promise<Answer> {
  current = herder
  const response = await (await appOfTest).inject(request)
  const text = response.body
  const json: unknown = /^[[{]/.test(text) ? JSON.parse(text) : undefined
  return { status: response.statusCode, headers: response.headers, text, json }
}

const post = (url: string, payload: string | object, headers = {}): InjectOptions => ({
  method: 'POST',
  url,
  payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  headers: { 'content-type': 'application/json', ...headers },
})

const put = (url: string, payload: string | object): InjectOptions => ({ ...post(url, payload), method: 'PUT' })

test('errors hide secrets that they quote, but not a name that is also a password somewhere', async () => {
  hideInLogs(['quoted-secret', { text: 'kafka', reach: 'word' }])
  const failing = (error: Error) => fakeHerder({ connectorInfo: () => Promise.reject(error) })
  const quoting = await ask({ url: '/connectors/kafka' }, failing(new BadRequestError('no quoted-secret for kafka')))
  assert.deepEqual(quoting.json, { error_code: 400, message: 'no [hidden] for [hidden]' })
  const missing = await ask({ url: '/connectors/kafka' }, failing(new NotFoundError('Connector kafka not found')))
  assert.deepEqual(missing.json, { error_code: 404, message: 'Connector kafka not found' })
})

describe('routes', () => {
  const routes: readonly (readonly [string, string, number, string, ...unknown[]])[] = [
    ['GET', '/', 200, 'serverInfo'],
    ['GET', '/health', 200, 'health', 500],
    ['GET', '/connectors', 200, 'connectors'],
    ['GET', '/connectors/', 200, 'connectors'],
    ['GET', '/connectors/c', 200, 'connectorInfo', 'c'],
    ['GET', '/connectors/a%2Fb%20%25', 200, 'connectorInfo', 'a/b %'],
    ['GET', '/connectors/a;b=1', 200, 'connectorInfo', 'a'],
    ['GET', '/connectors/a%3Bb', 200, 'connectorInfo', 'a;b'],
    ['GET', '/connectors/c/config', 200, 'connectorConfig', 'c'],
    ['GET', '/connectors/c/status', 200, 'connectorStatus', 'c'],
    ['GET', '/connectors/c/tasks', 200, 'taskConfigs', 'c'],
    ['GET', '/connectors/c/tasks/3/status', 200, 'taskStatus', { connector: 'c', task: 3 }],
    ['POST', '/connectors/c/tasks/3/restart', 204, 'restartTask', { connector: 'c', task: 3 }],
    ['POST', '/connectors/c/restart', 204, 'restartConnector', 'c', { includeTasks: false, onlyFailed: false }],
    [
      'POST',
      '/connectors/c/restart?includeTasks=TRUE&onlyFailed=1',
      204,
      'restartConnector',
      'c',
      { includeTasks: true, onlyFailed: false },
    ],
    ['PUT', '/connectors/c/pause', 202, 'pauseConnector', 'c'],
    ['PUT', '/connectors/c/resume', 202, 'resumeConnector', 'c'],
    ['PUT', '/connectors/c/stop', 204, 'stopConnector', 'c'],
    ['DELETE', '/connectors/c', 204, 'deleteConnector', 'c'],
    ['GET', '/connectors/c/topics', 200, 'activeTopics', 'c'],
    ['PUT', '/connectors/c/topics/reset', 202, 'resetActiveTopics', 'c'],
    ['GET', '/connectors/c/offsets', 200, 'connectorOffsets', 'c'],
    ['GET', '/connector-plugins', 200, 'plugins', true],
    ['GET', '/connector-plugins?connectorsOnly=', 200, 'plugins', true],
    ['GET', '/connector-plugins?connectorsOnly=false', 200, 'plugins', false],
    ['GET', '/connector-plugins?connectorsOnly=no', 200, 'plugins', false],
    ['GET', '/connector-plugins/X/config', 200, 'pluginConfig', 'X', null],
  ]
  for (const [method, url, status, ...call] of routes) {
    test(`${method} ${url} answers ${status}`, async () => {
      const herder = fakeHerder()
      const answer = await ask({ method: method as 'GET', url }, herder)
      assert.equal(answer.status, status)
      assert.deepEqual(herder.calls, [call])
      if (status !== 200) assert.equal(answer.text, '')
      else assert.match(String(answer.headers['content-type']), /^application\/json/)
    })
  }

  test('expand gives an object a connector, in the order of the question, without those that disappeared', async () => {
    const herder = fakeHerder({
      connectorInfo: async (name) => {
        if (name === 'b') throw new NotFoundError('gone')
        return { name, config: {}, tasks: [], type: 'sink' }
      },
    })
    const { json } = await ask({ url: '/connectors?expand=info&expand=status&expand=other' }, herder)
    assert.deepEqual(Object.keys(json as object), ['a'])
    assert.deepEqual(Object.keys((json as { a: object }).a), ['info', 'status'])
    assert.deepEqual((await ask({ url: '/connectors?expand=nothing' })).json, { a: {}, b: {} })
  })
})

describe('creating and changing', () => {
  test('POST trims the name, fills it in, turns scalars into strings and gives the Location', async () => {
    const herder = fakeHerder()
    const body =
      '{"name":" a b\\u0000 ","config":{"connector.class":"X","tasks.max":2,"flag":true,"x":1.50,"none":null},"initial_state":"paused"}'
    const answer = await ask(
      { ...post('/connectors', body), headers: { 'content-type': 'application/json', host: 'connect:8083' } },
      herder,
    )
    assert.equal(answer.status, 201)
    assert.equal(answer.headers['location'], 'http://connect:8083/connectors/a%20b')
    const config = { name: 'a b', 'connector.class': 'X', 'tasks.max': '2', flag: 'true', x: '1.50', none: null }
    assert.deepEqual(herder.calls, [
      ['putConnector', 'a b', { ...config }, { allowReplace: false, initialState: 'PAUSED' }],
    ])
  })

  test('another name in the configuration is refused', async () => {
    const { status, json } = await ask(post('/connectors', { name: 'a', config: { name: 'b' } }))
    assert.equal(status, 400)
    assert.deepEqual(json, {
      error_code: 400,
      message: "Connector name configuration (b) doesn't match connector name in the URL (a)",
    })
    assert.equal((await ask(put('/connectors/a/config', { name: 'b' }))).status, 400)
  })

  test('PUT answers 201 with a Location for a new connector and 200 otherwise', async () => {
    const created = await ask(put('/connectors/c/config', { k: 'v' }))
    assert.equal(created.status, 201)
    assert.match(String(created.headers['location']), /\/connectors\/c$/)
    const info = { name: 'c', config: {}, tasks: [], type: 'source' } as const
    const replaced = await ask(
      put('/connectors/c/config', {}),
      fakeHerder({ putConnector: async () => ({ created: false, info }) }),
    )
    assert.equal(replaced.status, 200)
    assert.equal(replaced.headers['location'], undefined)
  })

  test('a restart with flags answers 202 with the outlook', async () => {
    const outlook = {
      name: 'c',
      connector: { state: 'RESTARTING', worker_id: 'w', version: null },
      tasks: [],
      type: 'source',
    } as const
    const { status, json } = await ask(
      { method: 'POST', url: '/connectors/c/restart?includeTasks=true' },
      fakeHerder({ restartConnector: async () => outlook }),
    )
    assert.equal(status, 202)
    assert.deepEqual(json, outlook)
  })

  test('internal task configurations arrive with their signature and exact bytes', async () => {
    const herder = fakeHerder()
    const body = '[ {"a":"1"} ]'
    const signed = { 'x-connect-authorization': 'c2ln', 'x-connect-request-signature-algorithm': 'HmacSHA256' }
    assert.equal((await ask(post('/connectors/c/tasks', body, signed), herder)).status, 204)
    assert.deepEqual(herder.calls, [
      ['putTaskConfigs', 'c', [{ a: '1' }], { signature: 'c2ln', algorithm: 'HmacSHA256', body }],
    ])
  })

  const faulty: readonly (readonly [string, string, RegExp])[] = [
    ['malformed JSON', '{"name":', /not valid JSON/],
    ['text after the document', '{"name":"a","config":{}} x', /not valid JSON/],
    ['an empty string', '""', /^Cannot coerce empty String/],
    ['a number', '1', /^Cannot construct instance/],
    ['a text', '"x"', /^Cannot construct instance/],
    ['a text for the configuration', '{"name":"a","config":"x"}', /^Cannot construct instance/],
    ['an array', '[]', /Cannot deserialize value/],
    ['an unknown field', '{"name":"a","config":{},"extra":1}', /Unrecognized field "extra"/],
    ['a number for the configuration', '{"name":"a","config":1}', /^Cannot deserialize value/],
    ['an object as a value', '{"name":"a","config":{"k":{}}}', /Cannot deserialize value.*"k"/],
    ['no configuration', '{"name":"a"}', /no "config"/],
    ['an unknown initial state', '{"name":"a","config":{},"initial_state":"FLYING"}', /Cannot construct instance/],
  ]
  for (const [title, body, message] of faulty) {
    test(`a body with ${title} is answered with 500 and says what is wrong`, async () => {
      const { status, json } = await ask(post('/connectors', body))
      assert.equal(status, 500)
      assert.equal((json as { error_code: number }).error_code, 500)
      assert.match((json as { message: string }).message, message)
    })
  }

  test('a missing body is answered with 500', async () => {
    assert.equal((await ask({ method: 'PUT', url: '/connectors/c/config' })).status, 500)
  })

  test('byte-order marks and UTF-16 are understood', async () => {
    const text = '{"k":"ü"}'
    const utf16be = Buffer.from(`\ufeff${text}`, 'utf16le').swap16()
    for (const payload of [
      Buffer.from(`\ufeff${text}`),
      Buffer.from(text, 'utf16le'),
      Buffer.from(`\ufeff${text}`, 'utf16le'),
      utf16be,
    ]) {
      const herder = fakeHerder()
      const answer = await ask(
        { method: 'PUT', url: '/connectors/c/config', payload, headers: { 'content-type': 'application/json' } },
        herder,
      )
      assert.equal(answer.status, 201)
      assert.deepEqual(herder.calls[0]?.[2], { name: 'c', k: 'ü' })
    }
  })

  test('a configuration may have a key named __proto__', async () => {
    const herder = fakeHerder()
    await ask(put('/connectors/c/config', '{"__proto__":"x"}'), herder)
    assert.equal(JSON.stringify(herder.calls[0]?.[2]), '{"__proto__":"x","name":"c"}')
  })
})

describe('errors', () => {
  test('each kind has its status', async () => {
    const kinds = [
      [new NotFoundError('m'), 404],
      [new AlreadyExistsError('m'), 409],
      [new BadRequestError('m'), 400],
      [new RebalanceNeededError('m'), 409],
      [new ForbiddenError('m'), 403],
      [new UnavailableError('m'), 503],
      [new Error('m'), 500],
    ] as const
    for (const [error, status] of kinds) {
      const answer = await ask({ url: '/connectors/c' }, fakeHerder({ connectorInfo: () => Promise.reject(error) }))
      assert.equal(answer.status, status)
      assert.deepEqual(answer.json, { error_code: status, message: 'm' })
    }
  })

  test('unknown paths give 404, other methods 405 with the allowed ones, OPTIONS a list', async () => {
    assert.deepEqual(await ask({ url: '/nothing' }).then(({ status, json }) => [status, json]), [
      404,
      { error_code: 404, message: 'HTTP 404 Not Found' },
    ])
    assert.equal((await ask({ url: '/connectors/c/tasks-config' })).status, 404)
    assert.equal((await ask({ url: '/connectors/c/tasks/x/status' })).status, 404)
    const wrong = await ask({ method: 'PATCH', url: '/connectors' })
    assert.deepEqual([wrong.status, wrong.json], [405, { error_code: 405, message: 'HTTP 405 Method Not Allowed' }])
    const options = await ask({ method: 'OPTIONS', url: '/connectors' })
    assert.deepEqual([options.status, options.text], [200, 'HEAD, POST, GET, OPTIONS'])
  })

  test('other media types are refused, also without a body', async () => {
    const text = { 'content-type': 'text/plain' }
    assert.equal((await ask({ ...post('/connectors', '{}'), headers: text })).status, 415)
    assert.equal((await ask({ method: 'DELETE', url: '/connectors/c', headers: text })).status, 415)
    assert.equal(
      (await ask({ method: 'POST', url: '/connectors', payload: Buffer.from('{}'), headers: {} })).status,
      415,
    )
    const garbage = await ask({ url: '/', headers: { 'content-type': 'garbage' } })
    assert.deepEqual([garbage.status, garbage.text], [400, ''])
    assert.equal((await ask({ url: '/', headers: { accept: 'text/html' } })).status, 406)
    assert.equal((await ask({ url: '/', headers: { accept: 'text/html, */*;q=0' } })).status, 200)
    assert.equal((await ask({ url: '/', headers: { 'content-type': 'application/json; charset=latin1' } })).status, 200)
  })

  test('a request that takes too long is answered with the stage that the worker is in', async () => {
    const herder = fakeHerder({
      connectorInfo: () => new Promise(() => {}),
      stage: () => ({ description: 'starting the connector', startedAt: new Date(0), completedAt: null }),
    })
    const { status, json } = await ask({ url: '/connectors/c' }, herder)
    assert.equal(status, 500)
    assert.deepEqual(json, {
      error_code: 500,
      message:
        'Request timed out. The worker is currently starting the connector, which began at 1970-01-01T00:00:00.000Z.',
    })
  })

  test('the health check has the status of what it says', async () => {
    for (const [health, status] of [
      ['starting', 503],
      ['unhealthy', 500],
    ] as const) {
      assert.equal(
        (await ask({ url: '/health' }, fakeHerder({ health: async () => ({ status: health, message: 'm' }) }))).status,
        status,
      )
    }
  })
})

describe('forwarding', () => {
  const wrongWorker = (url: string | null) =>
    fakeHerder({ deleteConnector: () => Promise.reject(new NotLeaderError(url)) })

  test('without a known leader, or when it is not allowed, the answer is 409', async () => {
    const unknown = await ask({ method: 'DELETE', url: '/connectors/c' }, wrongWorker(null))
    assert.equal(unknown.status, 409)
    assert.match((unknown.json as { message: string }).message, /no known leader URL/)
    const refused = await ask(
      { method: 'DELETE', url: '/connectors/c?forward=false' },
      wrongWorker('http://127.0.0.1:1/'),
    )
    assert.equal(refused.status, 409)
    assert.match(
      (refused.json as { message: string }).message,
      /^Cannot complete request because of a conflicting operation/,
    )
  })

  test('the other worker gets the same request, and its answer is passed on', async () => {
    const leader = fakeHerder()
    const app = await createApp({ herder: leader, logger: silentLogger })
    const address = await app.listen({ host: '127.0.0.1', port: 0 })
    try {
      const follower = fakeHerder({ putConnector: () => Promise.reject(new NotLeaderError(`${address}/`)) })
      const request = {
        ...post('/connectors', { name: 'a b', config: { k: 'v' } }),
        headers: { 'content-type': 'application/json', host: 'follower:1' },
      }
      const answer = await ask(request, follower)
      assert.equal(answer.status, 201)
      assert.equal(answer.headers['location'], 'http://follower:1/connectors/a%20b')
      assert.deepEqual(leader.calls, [
        ['putConnector', 'a b', { k: 'v', name: 'a b' }, { allowReplace: false, initialState: null }],
      ])
    } finally {
      await app.close()
    }
  })

  test("the other worker's error is passed on, and an unreachable one is a 500", async () => {
    const leader = fakeHerder({ deleteConnector: () => Promise.reject(new NotFoundError('Connector c not found')) })
    const app = await createApp({ herder: leader, logger: silentLogger })
    const address = await app.listen({ host: '127.0.0.1', port: 0 })
    const answer = await ask({ method: 'DELETE', url: '/connectors/c' }, wrongWorker(`${address}/`))
    assert.deepEqual([answer.status, answer.json], [404, { error_code: 404, message: 'Connector c not found' }])
    await app.close()
    const dead = await ask({ method: 'DELETE', url: '/connectors/c' }, wrongWorker(`${address}/`))
    assert.equal(dead.status, 500)
    assert.match((dead.json as { message: string }).message, /ECONNREFUSED/)
  })

  test('a request goes at most two hops', async () => {
    const addresses: string[] = []
    const asked: string[] = []
    const hop = async (next: () => string) => {
      const herder = fakeHerder({
        deleteConnector: () => {
          asked.push('asked')
          return Promise.reject(new NotLeaderError(next()))
        },
      })
      const app = await createApp({ herder, logger: silentLogger })
      addresses.push(`${await app.listen({ host: '127.0.0.1', port: 0 })}/`)
      return app
    }
    const apps = [await hop(() => addresses[1] ?? ''), await hop(() => addresses[0] ?? '')]
    const answer = await fetch(`${addresses[0]}connectors/c`, { method: 'DELETE' })
    assert.equal(answer.status, 409)
    assert.equal(asked.length, 3)
    await Promise.all(apps.map((app) => app.close()))
  })
})
