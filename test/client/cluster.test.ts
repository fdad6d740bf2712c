import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { after, before, type TestContext, test } from 'node:test'
import { Admin, type ClientOptions, type Cluster, createCluster } from '../../src/client/index.ts'
import { FrameReader, writeChunks } from '../../src/net/index.ts'
import { encodeResponse } from '../../src/protocol/codec.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { ApiVersions, Heartbeat, Metadata } from '../../src/protocol/messages/index.ts'
import { decodeRequestHeader } from '../../src/protocol/request-header.ts'
import { startTestBroker, type TestBroker } from '../support/broker.ts'
import { until } from './support/until.ts'

let broker: TestBroker

before(async () => {
  broker = await startTestBroker()
})

after(() => broker.close())

interface Fake {
  address: string
  seen: { apiKey: number; apiVersion: number; clientId: string | null }[]
  /** How many are connected at the moment. */
  connections(): number
  close(): Promise<void>
}

type Answer = (request: { apiKey: number; apiVersion: number; correlationId: number }, socket: Socket) => void

/** A server that answers requests as a test wants. */
async function fakeBroker(t: TestContext, answer: Answer): Promise<Fake> {
  const sockets = new Set<Socket>()
  const seen: Fake['seen'] = []
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    const frames = new FrameReader()
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      for (const frame of frames.push(chunk)) {
        const header = decodeRequestHeader(frame)
        seen.push(header)
        answer(header, socket)
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    if (!server.listening) return
    server.close()
    await once(server, 'close')
  }
  t.after(close)
  return { address: `127.0.0.1:${port}`, seen, close, connections: () => sockets.size }
}

function clusterFor(t: TestContext, options: ClientOptions): Cluster {
  const cluster = createCluster(options)
  t.after(() => cluster.close())
  return cluster
}

const oldApis = [
  { apiKey: ApiVersions.key, minVersion: 0, maxVersion: 2 },
  { apiKey: Metadata.key, minVersion: 0, maxVersion: 4 },
]

test('a broker that knows ApiVersions only up to version 2 is asked again in its own version', async (t) => {
  const fake = await fakeBroker(t, ({ apiKey, apiVersion, correlationId }, socket) => {
    if (apiKey === ApiVersions.key && apiVersion > 2) {
      const body = { errorCode: ErrorCode.UNSUPPORTED_VERSION, apiKeys: oldApis }
      writeChunks(socket, encodeResponse(ApiVersions, 0, correlationId, body))
    } else if (apiKey === ApiVersions.key) {
      writeChunks(socket, encodeResponse(ApiVersions, apiVersion, correlationId, { apiKeys: oldApis }))
    } else {
      const body = { clusterId: 'old', brokers: [], topics: [] }
      writeChunks(socket, encodeResponse(Metadata, apiVersion, correlationId, body))
    }
  })
  const cluster = clusterFor(t, { bootstrapServers: [fake.address] })
  assert.equal(await cluster.clusterId(), 'old')
  assert.deepEqual(
    fake.seen.map(({ apiKey, apiVersion }) => [apiKey, apiVersion]),
    [
      [ApiVersions.key, 3],
      [ApiVersions.key, 2],
      [Metadata.key, 4],
    ],
  )
  await assert.rejects(
    cluster.request(Heartbeat, { groupId: 'g', memberId: 'm' }, { node: 'any' }),
    (error: { code: number; message: string }) => {
      assert.equal(error.code, ErrorCode.UNSUPPORTED_VERSION)
      assert.match(error.message, /Heartbeat in versions 0 to 4 .* does not offer it/)
      return true
    },
  )
})

test('a request that is not answered fails in time, naming the broker, and closes the connection', async (t) => {
  const fake = await fakeBroker(t, ({ apiKey, apiVersion, correlationId }, socket) => {
    if (apiKey === ApiVersions.key) {
      writeChunks(socket, encodeResponse(ApiVersions, apiVersion, correlationId, { apiKeys: oldApis }))
    }
  })
  const cluster = clusterFor(t, { bootstrapServers: [fake.address] })
  const limits = { node: 'any', timeoutMs: 500, resend: 'never' } as const
  const asked = cluster.request(Metadata, { topics: [] }, limits)
  await assert.rejects(asked, new RegExp(`${fake.address} did not answer Metadata within`))
  const stop = new AbortController()
  const again = cluster.request(Metadata, { topics: [] }, { ...limits, timeoutMs: 60000, signal: stop.signal })
  await until('it was asked again', () => fake.seen.filter(({ apiKey }) => apiKey === Metadata.key).length === 2)
  stop.abort()
  await assert.rejects(again, { name: 'AbortedError' })
})

test('a server that does not speak Kafka is told apart from one that is not there', async (t) => {
  const fake = await fakeBroker(t, (_request, socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
  const cluster = clusterFor(t, { bootstrapServers: [fake.address], requestTimeoutMs: 300 })
  await assert.rejects(cluster.metadata.refresh(), /not a Kafka response/)
  await cluster.close()
  await fake.close()
  const gone = clusterFor(t, { bootstrapServers: [fake.address], requestTimeoutMs: 300 })
  await assert.rejects(gone.metadata.refresh(), /ECONNREFUSED/)
})

test('one bootstrap server that answers is enough', async (t) => {
  const cluster = clusterFor(t, { bootstrapServers: ['127.0.0.1:1', broker.bootstrap, '127.0.0.1:2'] })
  assert.equal(await cluster.clusterId(), broker.clusterId)
})

test('concurrent demands for metadata share their requests', async (t) => {
  let metadataRequests = 0
  const fake = await fakeBroker(t, ({ apiKey, apiVersion, correlationId }, socket) => {
    if (apiKey === ApiVersions.key) {
      writeChunks(socket, encodeResponse(ApiVersions, apiVersion, correlationId, { apiKeys: oldApis }))
      return
    }
    metadataRequests++
    const topics = ['a', 'b'].map((name) => ({ name, partitions: [{ partitionIndex: 0, leaderId: 1 }] }))
    const [host = '', port] = fake.address.split(':')
    const body = { brokers: [{ nodeId: 1, host, port: Number(port) }], topics }
    writeChunks(socket, encodeResponse(Metadata, apiVersion, correlationId, body))
  })
  const cluster = clusterFor(t, { bootstrapServers: [fake.address] })
  const counts = ['a', 'b', 'a', 'b'].map((topic) => cluster.partitionCount(topic))
  assert.deepEqual(await Promise.all(counts), [1, 1, 1, 1])
  assert.equal(await cluster.leader('b', 0), 1)
  assert.equal(metadataRequests, 1)
})

/** Answers ApiVersions, and Metadata unless `hold` says that it is to wait. */
function metadataServer(t: TestContext, hold: (clientRequests: number) => boolean = () => false): Promise<Fake> {
  let requests = 0
  return fakeBroker(t, ({ apiKey, apiVersion, correlationId }, socket) => {
    if (apiKey === ApiVersions.key)
      writeChunks(socket, encodeResponse(ApiVersions, apiVersion, correlationId, { apiKeys: oldApis }))
    else if (!hold(++requests)) {
      const body = { clusterId: 'c', brokers: [], topics: [] }
      writeChunks(socket, encodeResponse(Metadata, apiVersion, correlationId, body))
    }
  })
}

test('clients share the connection for what is answered at once, each under its own name, until the last one closes', async (t) => {
  const fake = await metadataServer(t)
  const [a, b] = ['a', 'b'].map((clientId) => clusterFor(t, { bootstrapServers: [fake.address], clientId }))
  assert.deepEqual(await Promise.all([a?.clusterId(), b?.clusterId()]), ['c', 'c'])
  assert.equal(fake.connections(), 1)
  const asked = fake.seen.filter(({ apiKey }) => apiKey === Metadata.key).map(({ clientId }) => clientId)
  assert.deepEqual(new Set(asked), new Set(['a', 'b']))
  for (const cluster of [a, b]) {
    const values = cluster?.meter.values() ?? {}
    assert.deepEqual([values['request-total'], values['response-total'], values['connection-count']], [1, 1, 0])
  }
  await a?.close()
  await b?.metadata.refresh()
  await b?.close()
  await until('the connection is closed', () => fake.connections() === 0)
})

test('what a client waits for on a shared connection ends when it closes, and concerns no other', async (t) => {
  const fake = await metadataServer(t, (requests) => requests === 1)
  const [a, b] = ['a', 'b'].map((clientId) => clusterFor(t, { bootstrapServers: [fake.address], clientId }))
  const waiting = assert.rejects(a?.clusterId() ?? Promise.resolve(), { name: 'ClosedError' })
  await until('a has asked', () => fake.seen.some(({ apiKey }) => apiKey === Metadata.key))
  await a?.close()
  await waiting
  assert.equal(await b?.clusterId(), 'c')
  assert.equal(fake.connections(), 1)
})

test('a client that is out of time at once leaves a shared connection to the others', async (t) => {
  const fake = await metadataServer(t, (requests) => requests === 2)
  const [a, b] = ['a', 'b'].map((clientId) => clusterFor(t, { bootstrapServers: [fake.address], clientId }))
  // Connected already, so that the time is not over before it has asked.
  assert.equal(await a?.clusterId(), 'c')
  const limits = { node: 'any', isShared: true, timeoutMs: 50, resend: 'never' } as const
  await assert.rejects(a?.request(Metadata, {}, limits) ?? Promise.resolve(), { name: 'ClientTimeoutError' })
  assert.equal(await b?.clusterId(), 'c')
  assert.equal(fake.seen.filter(({ apiKey }) => apiKey === ApiVersions.key).length, 1)
  assert.equal(fake.connections(), 1)
})

test('a topic or partition that does not exist is said by name', async (t) => {
  // Making a topic waits for the disk, and so has the ordinary time, as connecting has.
  const maker = clusterFor(t, { bootstrapServers: [broker.bootstrap] })
  await new Admin(maker).createTopics([{ name: 'one', partitions: 1 }])
  const cluster = clusterFor(t, { bootstrapServers: [broker.bootstrap], defaultApiTimeoutMs: 500 })
  await cluster.clusterId()
  await assert.rejects(cluster.partitionCount('none'), /topic none does not exist/)
  await assert.rejects(cluster.leader('one', 5), /topic one has no partition 5/)
})

test('closing ends everything that waits', async (t) => {
  const fake = await fakeBroker(t, () => {})
  const cluster = clusterFor(t, { bootstrapServers: [fake.address] })
  const waiting = [cluster.clusterId(), cluster.partitionCount('t')]
  await until('a connection was made', () => fake.seen.length > 0)
  const settled = Promise.allSettled(waiting)
  const begun = performance.now()
  await cluster.close()
  for (const { status } of await settled) assert.equal(status, 'rejected')
  assert.ok(performance.now() - begun < 500)
  await assert.rejects(cluster.request(Metadata, {}, { node: 'any' }), { name: 'ClosedError' })
  await fake.close()
})

test('addresses that cannot be used are refused by the name of the setting', () => {
  for (const server of ['localhost', 'host:port', 'host:0', 'host:99999', '']) {
    assert.throws(() => createCluster({ bootstrapServers: [server] }), /^ClientConfigError: bootstrap\.servers/)
  }
  assert.throws(() => createCluster({ bootstrapServers: [] }), /bootstrap\.servers/)
})
