import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { ApiVersions, CreateTopics, Fetch, Heartbeat, Metadata, Produce } from '../../../src/protocol/messages/index.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { batchOf, recordsIn } from '../../support/test-batches.ts'
import { WireClient } from '../../support/wire-client.ts'

let broker: TestBroker
before(async () => {
  broker = await startTestBroker({ 'socket.request.max.bytes': '1000000' })
  const client = await WireClient.connect(broker.port)
  await client.send(CreateTopics, 7, { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1 }] })
  client.close()
})
after(() => broker.close())

async function withClient(work: (client: WireClient) => Promise<void>): Promise<void> {
  const client = await WireClient.connect(broker.port)
  try {
    await work(client)
  } finally {
    client.close()
  }
}

function produceBody(value: string) {
  return {
    acks: -1,
    timeoutMs: 1000,
    topicData: [{ name: 't', partitionData: [{ index: 0, records: batchOf([{ value }]) }] }],
  }
}

/** A frame with this key, version and body; the header is that of a request before the flexible versions. */
function frame(apiKey: number, apiVersion: number, body: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 8 + 2)
  header.writeInt32BE(8 + 2 + body.length, 0)
  header.writeInt16BE(apiKey, 4)
  header.writeInt16BE(apiVersion, 6)
  header.writeInt32BE(1, 8)
  header.writeInt16BE(-1, 12)
  return Buffer.concat([header, body])
}

async function assertHealthy(): Promise<void> {
  await withClient(async (client) => {
    assert.equal((await client.send(ApiVersions, 0, {})).errorCode, ErrorCode.NONE)
  })
}

test('pipelined requests of any kind are answered in their order', () =>
  withClient(async (client) => {
    const fetchBody = {
      maxWaitMs: 200,
      minBytes: 1,
      topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset: 1e6, partitionMaxBytes: 1 }] }],
    }
    const slow = { ...fetchBody, topics: [] }
    const ids = [
      client.post(Fetch, 11, slow),
      client.post(Metadata, 1, { topics: [] }),
      client.post(Heartbeat, 0, { groupId: 'g', generationId: 1, memberId: 'm' }),
      client.post(Metadata, 1, { topics: [] }),
    ]
    await client.answer(Fetch, 11, ids[0] ?? 0)
    await client.answer(Metadata, 1, ids[1] ?? 0)
    await client.answer(Heartbeat, 0, ids[2] ?? 0)
    await client.answer(Metadata, 1, ids[3] ?? 0)
  }))

test('many Produce requests of one connection overlap, and keep their order in the log and in the answers', () =>
  withClient(async (client) => {
    const start =
      (await client.send(Produce, 8, produceBody('first'))).responses[0]?.partitionResponses[0]?.baseOffset ?? 0
    const ids = Array.from({ length: 50 }, (_, i) => client.post(Produce, 8, produceBody(`n${i}`)))
    for (const [i, id] of ids.entries()) {
      const { responses } = await client.answer(Produce, 8, id)
      assert.equal(responses[0]?.partitionResponses[0]?.baseOffset, start + 1 + i)
    }
    const partitions = [{ partition: 0, fetchOffset: start + 1, partitionMaxBytes: 1e6 }]
    const { responses } = await client.send(Fetch, 11, {
      maxWaitMs: 0,
      minBytes: 1,
      topics: [{ topic: 't', partitions }],
    })
    assert.deepEqual(
      recordsIn(responses[0]?.partitions[0]?.records ?? null).map(({ value }) => value),
      Array.from({ length: 50 }, (_, i) => `n${i}`),
    )
  }))

test('a request that arrives byte by byte is served', () =>
  withClient(async (client) => {
    const bytes = Buffer.from('00000011' + '0012' + '0000' + '00000007' + '0007' + '636c69656e7421', 'hex')
    client.socket.setNoDelay(true)
    for (const byte of bytes) {
      client.socket.write(Buffer.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal((await client.answer(ApiVersions, 0, 7)).errorCode, ErrorCode.NONE)
  }))

const hostile: [string, Buffer][] = [
  ['a negative frame size', Buffer.from('ffffffff', 'hex')],
  ['a frame larger than socket.request.max.bytes', Buffer.from('7fffffff', 'hex')],
  ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
  ['a TLS greeting', Buffer.from('16030100c8010000c40303', 'hex')],
  ['an empty frame', Buffer.from('00000000', 'hex')],
  ['an unknown API key', frame(999, 0, Buffer.alloc(0))],
  ['an API that is not offered (SaslHandshake)', frame(17, 1, Buffer.from('0005504c41494e', 'hex'))],
  ['a version that is too new', frame(3, 99, Buffer.alloc(4))],
  ['a version that is too old', frame(1, 3, Buffer.alloc(4))],
  ['a negative version', frame(18, -1, Buffer.alloc(0))],
  ['Produce 2, which is offered for librdkafka only', frame(0, 2, Buffer.alloc(40))],
  ['a body that is cut off', frame(19, 2, Buffer.from('00000001', 'hex'))],
  [
    'a body with bytes left over',
    frame(12, 0, Buffer.concat([Buffer.from('0001670000000100016d', 'hex'), Buffer.alloc(9)])),
  ],
  ['an array of two billion entries', frame(3, 1, Buffer.from('7fffffff', 'hex'))],
]

for (const [what, bytes] of hostile) {
  test(`${what} closes the connection and harms nobody else`, async () => {
    await withClient(async (client) => {
      client.socket.write(bytes)
      await client.closed()
    })
    await assertHealthy()
  })
}

test('requests behind a broken one on the same connection are not served', () =>
  withClient(async (client) => {
    client.socket.write(Buffer.concat([frame(999, 0, Buffer.alloc(0)), frame(18, 0, Buffer.alloc(0))]))
    await client.closed()
  }))

test('connections beyond max.connections are closed', async (t) => {
  const small = await startTestBroker({ 'max.connections': '2' })
  t.after(() => small.close())
  const clients = [await WireClient.connect(small.port), await WireClient.connect(small.port)]
  for (const client of clients) await client.send(ApiVersions, 0, {})
  const third = await WireClient.connect(small.port)
  await third.closed()
  for (const client of clients) client.close()
})

test('an idle connection is closed after connections.max.idle.ms, one that waits in a long poll is not', async (t) => {
  const quick = await startTestBroker({ 'connections.max.idle.ms': '500' })
  t.after(() => quick.close())
  const idle = await WireClient.connect(quick.port)
  const polling = await WireClient.connect(quick.port)
  await polling.send(Metadata, 4, { topics: [{ name: 'polled' }], allowAutoTopicCreation: true })
  const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1e6 }]
  const body = { maxWaitMs: 1200, minBytes: 1, topics: [{ topic: 'polled', partitions }] }
  const [, answer] = await Promise.all([idle.closed(), polling.send(Fetch, 11, body)])
  assert.equal(answer.errorCode, ErrorCode.NONE)
  polling.close()
})
