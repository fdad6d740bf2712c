import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { silentLogger } from '../../src/base/logger.ts'
import { createApp } from '../../src/rest/app.ts'
import {
  AlreadyExistsError,
  ForbiddenError,
  type Herder,
  NotAssignedError,
  NotFoundError,
  NotLeaderError,
  PeerClient,
  type PeerResponse,
  RebalanceNeededError,
} from '../../src/runtime/index.ts'
import { fakeHerder } from '../support/fake-herder.ts'

// What Kafka's ConnectorsResourceTest asserts, asked over HTTP.

type PeerRequest = Parameters<PeerClient['call']>[0]

/** Keeps what would be sent to another worker. */
class CapturingPeers extends PeerClient {
  readonly requests: PeerRequest[] = []
  readonly #answer: PeerResponse

  constructor(answer: Partial<PeerResponse> = {}) {
    super()
    this.#answer = { status: 200, location: null, body: '', ...answer }
  }

  override async call(request: PeerRequest): Promise<PeerResponse> {
    this.requests.push(request)
    return this.#answer
  }
}

interface Asked {
  readonly status: number
  readonly json: unknown
  readonly location: string | undefined
  readonly calls: readonly unknown[][]
  readonly sent: readonly PeerRequest[]
}

interface Given {
  readonly herder?: Partial<Herder>
  readonly body?: unknown
  readonly headers?: Record<string, string>
  readonly peer?: Partial<PeerResponse>
}

async function ask(call: string, { herder: methods, body, headers, peer }: Given = {}): Promise<Asked> {
  const herder = fakeHerder(methods)
  const peers = new CapturingPeers(peer)
  const app = await createApp({ herder, logger: silentLogger, peers })
  const [method, url] = call.split(' ') as ['GET', string]
  const answer = await app.inject({
    method,
    url,
    headers: {
      host: 'follower:8083',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  })
  await app.close()
  return {
    status: answer.statusCode,
    json: answer.body === '' ? undefined : answer.json(),
    location: answer.headers.location,
    calls: herder.calls,
    sent: peers.requests,
  }
}

const fail = (error: Error) => (): Promise<never> => Promise.reject(error)
const notFound = fail(new NotFoundError('Connector test not found'))
const leader = 'http://leader:8083/'
const toLeader = fail(new NotLeaderError(leader))
const toOwner = fail(new NotAssignedError('Connector test', 'http://owner:8083/'))
const info = {
  name: 'test',
  config: { name: 'test', a: 'b' },
  tasks: [{ connector: 'test', task: 0 }],
  type: 'source',
} as const
const special = "ta/b&c=d//\\rx=1þ.1>< `'\" x%y+z!ሴ#$&'(æ)*+,:;=?ñ@[]ÿ"
const control = "ta/b&c=drx=1\n.1>< `'\" x%y+z!#$&'()*+,:;=?@[]"
const pathOf = (name: string) => `/connectors/${encodeURIComponent(name)}`

describe('ConnectorsResourceTest: listing', () => {
  test('testListConnectors: names, without expand', async () => {
    assert.deepEqual((await ask('GET /connectors')).json, ['a', 'b'])
  })

  const status = {
    name: 'x',
    connector: { state: 'RUNNING', worker_id: 'w', version: null },
    tasks: [],
    type: 'sink',
  } as const
  const herder = { connectorInfo: async () => info, connectorStatus: async () => status }
  for (const [title, query, entry] of [
    ['testExpandConnectorsStatus', 'expand=status', { status }],
    ['testExpandConnectorsInfo', 'expand=info', { info }],
    ['testFullExpandConnectors', 'expand=info&expand=status', { info, status }],
  ] as const) {
    test(`${title}: ${query} gives an object by name`, async () => {
      assert.deepEqual((await ask(`GET /connectors?${query}`, { herder })).json, { a: entry, b: entry })
    })
  }

  test('testExpandConnectorsWithConnectorNotFound: one that is gone is left out', async () => {
    const gone = async (name: string) => (name === 'a' ? notFound() : status)
    const { json } = await ask('GET /connectors?expand=status', { herder: { connectorStatus: gone } })
    assert.deepEqual(json, { b: { status } })
  })
})

describe('ConnectorsResourceTest: creating', () => {
  const body = { name: 'test', config: { a: 'b' } }

  test('testCreateConnector: 201 with the connector and its address', async () => {
    const answer = await ask('POST /connectors', {
      body,
      herder: { putConnector: async () => ({ created: true, info }) },
    })
    assert.equal(answer.status, 201)
    assert.deepEqual(answer.json, info)
    assert.equal(answer.location, 'http://follower:8083/connectors/test')
  })

  for (const [title, word, state] of [
    ['testCreateConnectorWithPausedInitialState', 'PAUSED', 'PAUSED'],
    ['testCreateConnectorWithStoppedInitialState', 'STOPPED', 'STOPPED'],
    ['testCreateConnectorWithRunningInitialState', 'RUNNING', 'STARTED'],
  ] as const) {
    test(`${title}: the target state is ${state}`, async () => {
      const { calls } = await ask('POST /connectors', { body: { ...body, initial_state: word } })
      assert.deepEqual(calls[0]?.[3], { allowReplace: false, initialState: state })
    })
  }

  test("testCreateConnectorNotLeader: the leader gets the same body, and the address is this worker's", async () => {
    const { status, sent, location } = await ask('POST /connectors', {
      body,
      herder: { putConnector: toLeader },
      peer: { status: 201, location: 'http://leader:8083/connectors/test', body: JSON.stringify(info) },
    })
    assert.equal(status, 201)
    assert.equal(location, 'http://follower:8083/connectors/test')
    assert.equal(sent[0]?.url, `${leader}connectors?forward=true`)
    assert.deepEqual(JSON.parse(sent[0]?.body ?? ''), body)
  })

  test('testCreateConnectorWithHeaders: credentials go on to the leader, and no other header', async () => {
    const { sent } = await ask('POST /connectors', {
      body,
      herder: { putConnector: toLeader },
      headers: { authorization: 'Basic eA==', cookie: 'c=1', 'x-other': 'y' },
    })
    assert.deepEqual(sent[0]?.headers, { authorization: 'Basic eA==' })
  })

  test('testCreateConnectorExists: 409', async () => {
    const exists = fail(new AlreadyExistsError('Connector test already exists'))
    assert.equal((await ask('POST /connectors', { body, herder: { putConnector: exists } })).status, 409)
  })

  for (const [title, given, name] of [
    ['testCreateConnectorNameTrimWhitespaces', ' \t test\n ', 'test'],
    ['testCreateConnectorNameAllWhitespaces', ' \t\n ', ''],
    ['testCreateConnectorNoName', null, ''],
  ] as const) {
    test(`${title}: the name is ${JSON.stringify(name)}`, async () => {
      const { calls } = await ask('POST /connectors', { body: { name: given, config: { a: 'b' } } })
      assert.deepEqual(calls[0]?.slice(0, 3), ['putConnector', name, { a: 'b', name }])
    })
  }

  for (const [title, name] of [
    ['testCreateConnectorWithSpecialCharsInName', special],
    ['testCreateConnectorWithControlSequenceInName', control],
  ] as const) {
    test(`${title}: its address leads back to it`, async () => {
      const { location = '' } = await ask('POST /connectors', { body: { name, config: { name } } })
      const { calls } = await ask(`GET ${new URL(location).pathname}`)
      assert.deepEqual(calls, [['connectorInfo', name]])
    })
  }

  test('testCreateConnectorConfigNameMismatch: 400', async () => {
    const answer = await ask('POST /connectors', { body: { name: 'test', config: { name: 'other' } } })
    assert.equal(answer.status, 400)
    assert.deepEqual(answer.calls, [])
  })
})

describe('ConnectorsResourceTest: one connector', () => {
  test('testGetConnector, testGetConnectorConfig: what the herder says', async () => {
    assert.deepEqual((await ask('GET /connectors/test', { herder: { connectorInfo: async () => info } })).json, info)
    const answer = await ask('GET /connectors/test/config', { herder: { connectorConfig: async () => info.config } })
    assert.deepEqual(answer.json, info.config)
  })

  test('testGetTaskConfigs, testGetConnectorTaskConfigs: an entry a task', async () => {
    const tasks = [0, 1].map((task) => ({ id: { connector: 'test', task }, config: { n: String(task) } }))
    assert.deepEqual(
      (await ask('GET /connectors/test/tasks', { herder: { taskConfigs: async () => tasks } })).json,
      tasks,
    )
  })

  const missing: readonly (readonly [string, string, keyof Herder, unknown?])[] = [
    ['testGetConnectorConfigConnectorNotFound', 'GET /connectors/test/config', 'connectorConfig'],
    ['testGetConnectorTaskConfigsConnectorNotFound', 'GET /connectors/test/tasks', 'taskConfigs'],
    ['testDeleteConnectorNotFound', 'DELETE /connectors/test', 'deleteConnector'],
    ['testPatchConnectorConfigNotFound', 'PATCH /connectors/test/config', 'patchConnectorConfig', {}],
    ['testRestartConnectorNotFound', 'POST /connectors/test/restart', 'restartConnector'],
    [
      'testRestartConnectorAndTasksConnectorNotFound',
      'POST /connectors/test/restart?includeTasks=true',
      'restartConnector',
    ],
    ['testRestartTaskNotFound', 'POST /connectors/test/tasks/0/restart', 'restartTask'],
    ['testGetOffsetsConnectorNotFound', 'GET /connectors/test/offsets', 'connectorOffsets'],
    [
      'testAlterOffsetsConnectorNotFound',
      'PATCH /connectors/test/offsets',
      'alterOffsets',
      { offsets: [{ partition: {}, offset: {} }] },
    ],
    ['testResetOffsetsConnectorNotFound', 'DELETE /connectors/test/offsets', 'resetOffsets'],
  ]
  for (const [title, call, method, body] of missing) {
    test(`${title}: 404`, async () => {
      const answer = await ask(call, { herder: { [method]: notFound }, body })
      assert.equal(answer.status, 404)
      assert.deepEqual(answer.json, { error_code: 404, message: 'Connector test not found' })
    })
  }

  const elsewhere: readonly (readonly [string, string, keyof Herder, () => Promise<never>, string, unknown?])[] = [
    [
      'testDeleteConnectorNotLeader',
      'DELETE /connectors/test',
      'deleteConnector',
      toLeader,
      'connectors/test?forward=true',
    ],
    [
      'testPatchConnectorConfigLeaderRedirect',
      'PATCH /connectors/test/config',
      'patchConnectorConfig',
      toLeader,
      'connectors/test/config?forward=true',
      { a: null },
    ],
    [
      'testRestartConnectorAndTasksLeaderRedirect',
      'POST /connectors/test/restart?includeTasks=true&onlyFailed=false',
      'restartConnector',
      toLeader,
      'connectors/test/restart?includeTasks=true&onlyFailed=false&forward=true',
    ],
    [
      'testRestartConnectorLeaderRedirect',
      'POST /connectors/test/restart',
      'restartConnector',
      toLeader,
      'connectors/test/restart?forward=true',
    ],
    [
      'testRestartConnectorOwnerRedirect',
      'POST /connectors/test/restart?forward=true',
      'restartConnector',
      toOwner,
      'connectors/test/restart?forward=false',
    ],
    [
      'testRestartTaskLeaderRedirect',
      'POST /connectors/test/tasks/0/restart',
      'restartTask',
      toLeader,
      'connectors/test/tasks/0/restart?forward=true',
    ],
    [
      'testRestartTaskOwnerRedirect',
      'POST /connectors/test/tasks/0/restart?forward=true',
      'restartTask',
      toOwner,
      'connectors/test/tasks/0/restart?forward=false',
    ],
    [
      'testAlterOffsetsNotLeader',
      'PATCH /connectors/test/offsets',
      'alterOffsets',
      toLeader,
      'connectors/test/offsets?forward=true',
      { offsets: [{ partition: {}, offset: {} }] },
    ],
    [
      'testResetOffsetsNotLeader',
      'DELETE /connectors/test/offsets',
      'resetOffsets',
      toLeader,
      'connectors/test/offsets?forward=true',
    ],
  ]
  for (const [title, call, method, refuse, target, body] of elsewhere) {
    test(`${title}: the request goes to ${refuse === toLeader ? 'the leader' : 'the owner'}`, async () => {
      const { sent, status } = await ask(call, { herder: { [method]: refuse }, body, peer: { status: 204 } })
      const to = refuse === toLeader ? leader : 'http://owner:8083/'
      assert.deepEqual(
        sent.map((request) => [request.method, request.url]),
        [[call.split(' ')[0], to + target]],
      )
      assert.equal(sent[0]?.body, body === undefined ? undefined : JSON.stringify(body))
      assert.equal(status, 204)
    })
  }

  test('testDeleteConnector: 204', async () => {
    assert.equal((await ask('DELETE /connectors/test')).status, 204)
  })

  test('testPutConnectorConfig: the name is filled in', async () => {
    const { calls } = await ask('PUT /connectors/test/config', { body: { a: 'b' } })
    assert.deepEqual(calls[0], ['putConnector', 'test', { a: 'b', name: 'test' }, { allowReplace: true }])
  })

  for (const [title, name] of [
    ['testPutConnectorConfigWithSpecialCharsInName', special],
    ['testPutConnectorConfigWithControlSequenceInName', control],
  ] as const) {
    test(`${title}: path, configuration and address agree`, async () => {
      const { calls, location = '' } = await ask(`PUT ${pathOf(name)}/config`, { body: { name } })
      assert.deepEqual(calls[0]?.slice(0, 3), ['putConnector', name, { name }])
      assert.equal(decodeURIComponent(new URL(location).pathname), `/connectors/${name}`)
    })
  }

  test('testPutConnectorConfigNameMismatch: 400', async () => {
    assert.equal((await ask('PUT /connectors/test/config', { body: { name: 'other' } })).status, 400)
  })

  test('testPatchConnectorConfig: null is passed on as the wish to remove', async () => {
    const answer = await ask('PATCH /connectors/test/config', { body: { a: null, b: 1 } })
    assert.equal(answer.status, 200)
    assert.deepEqual(JSON.parse(JSON.stringify(answer.calls[0])), ['patchConnectorConfig', 'test', { a: null, b: '1' }])
  })

  test('testRestartConnectorAndTasksRebalanceNeeded: 409', async () => {
    const restartConnector = fail(
      new RebalanceNeededError('Request cannot be completed because a rebalance is expected'),
    )
    const { status, json } = await ask('POST /connectors/test/restart?includeTasks=true', {
      herder: { restartConnector },
    })
    assert.equal(status, 409)
    assert.match((json as { message: string }).message, /a rebalance is expected/)
  })

  test('testRestartConnectorAndTasksRequestAccepted: 202 with what is going to restart', async () => {
    const state = { state: 'RESTARTING', worker_id: 'w', version: '1' } as const
    const outlook = { name: 'test', connector: state, tasks: [{ id: 0, ...state }], type: 'source' } as const
    const herder = { restartConnector: async () => outlook }
    const { status, json } = await ask('POST /connectors/test/restart?includeTasks=true', { herder })
    assert.deepEqual([status, json], [202, outlook])
  })

  test('testCompleteOrForwardWithErrorAndNoForwardUrl: 409 without a known leader', async () => {
    const { status, json } = await ask('DELETE /connectors/test', {
      herder: { deleteConnector: fail(new NotLeaderError(null)) },
    })
    assert.equal(status, 409)
    assert.match((json as { message: string }).message, /no known leader URL/)
  })
})

describe('ConnectorsResourceTest: topics and offsets', () => {
  const disabled = (text: string) => fail(new ForbiddenError(text))
  for (const [title, call, method, text] of [
    [
      'testConnectorActiveTopicsWithTopicTrackingDisabled',
      'GET /connectors/test/topics',
      'activeTopics',
      'Topic tracking is disabled.',
    ],
    [
      'testResetConnectorActiveTopicsWithTopicTrackingDisabled',
      'PUT /connectors/test/topics/reset',
      'resetActiveTopics',
      'Topic tracking is disabled.',
    ],
    [
      'testResetConnectorActiveTopicsWithTopicTrackingEnabled',
      'PUT /connectors/test/topics/reset',
      'resetActiveTopics',
      'Topic tracking reset is disabled.',
    ],
  ] as const) {
    test(`${title}: 403`, async () => {
      const answer = await ask(call, { herder: { [method]: disabled(text) } })
      assert.deepEqual([answer.status, answer.json], [403, { error_code: 403, message: text }])
    })
  }

  test('testConnectorActiveTopics: topics below the name', async () => {
    const { json } = await ask('GET /connectors/test/topics', { herder: { activeTopics: async () => ['one', 'two'] } })
    assert.deepEqual(json, { test: { topics: ['one', 'two'] } })
  })

  test('testResetConnectorActiveTopics: 202', async () => {
    const answer = await ask('PUT /connectors/test/topics/reset')
    assert.equal(answer.status, 202)
    assert.deepEqual(answer.calls, [['resetActiveTopics', 'test']])
  })

  test('testGetOffsets: in the order of the herder', async () => {
    const offsets = [
      { partition: { p: 'one' }, offset: { o: 1 } },
      { partition: { p: 'two' }, offset: null },
    ]
    const { json } = await ask('GET /connectors/test/offsets', { herder: { connectorOffsets: async () => offsets } })
    assert.deepEqual(json, { offsets })
  })

  test('testAlterOffsetsEmptyOffsets: 400', async () => {
    for (const body of [{ offsets: [] }, {}]) {
      const { status, json } = await ask('PATCH /connectors/test/offsets', { body })
      assert.equal(status, 400)
      assert.match((json as { message: string }).message, /Partitions \/ offsets need to be provided/)
    }
  })

  test('testAlterOffsets, testResetOffsets: 200 with the message', async () => {
    const offsets = [{ partition: { p: 1 }, offset: { o: 2 } }]
    const altered = await ask('PATCH /connectors/test/offsets', { body: { offsets } })
    assert.deepEqual([altered.status, altered.json], [200, { message: 'altered' }])
    assert.deepEqual(altered.calls, [['alterOffsets', 'test', offsets]])
    const reset = await ask('DELETE /connectors/test/offsets')
    assert.deepEqual([reset.status, reset.json], [200, { message: 'reset' }])
  })
})
