import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { withDeadline } from '../../src/base/deadline.ts'
import { encodeRequest } from '../../src/protocol/codec.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { ApiVersions, apis, Produce } from '../../src/protocol/messages/index.ts'
import { startTestBroker, type TestBroker } from '../support/broker.ts'
import { batchOf } from '../support/test-batches.ts'
import { WireClient } from '../support/wire-client.ts'

let broker: TestBroker
before(async () => {
  broker = await startTestBroker({ 'socket.request.max.bytes': '100000' })
})
after(() => broker.close())

/** A small generator of reproducible noise (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Sends bytes, ends the sending side, and waits until the broker has closed the connection too. */
async function throwAtBroker(bytes: Uint8Array): Promise<void> {
  const socket = connect(broker.port, '127.0.0.1')
  socket.on('error', () => undefined).resume()
  await once(socket, 'connect')
  socket.end(bytes)
  await withDeadline(once(socket, 'close'), 10000, 'Closing a connection')
}

async function assertHealthy(): Promise<void> {
  const client = await WireClient.connect(broker.port)
  assert.equal(
    (await client.send(ApiVersions, 3, { clientSoftwareName: 'x', clientSoftwareVersion: '1' })).errorCode,
    ErrorCode.NONE,
  )
  client.close()
}

const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

test(`random bytes leave the broker alive (seed ${seed})`, async () => {
  const random = randomFrom(seed)
  for (let round = 0; round < 150; round++) {
    await throwAtBroker(
      Buffer.from(Array.from({ length: Math.floor(random() * 300) }, () => Math.floor(random() * 256))),
    )
  }
  await assertHealthy()
})

test(`frames with a sound header and a random body leave the broker alive (seed ${seed})`, async () => {
  const random = randomFrom(seed)
  const keys = [...apis.values()]
  for (let round = 0; round < 400; round++) {
    const api = keys[Math.floor(random() * keys.length)]
    if (api === undefined) continue
    const version = api.minVersion + Math.floor(random() * (api.maxVersion - api.minVersion + 1))
    const size = Math.floor(random() * 60)
    const body = Buffer.from(Array.from({ length: size }, () => (random() < 0.5 ? 0 : Math.floor(random() * 256))))
    const header = Buffer.alloc(15)
    const isFlexible = version >= api.firstFlexibleVersion
    const headerSize = isFlexible ? 15 : 14
    header.writeInt32BE(headerSize - 4 + size, 0)
    header.writeInt16BE(api.key, 4)
    header.writeInt16BE(version, 6)
    header.writeInt32BE(round, 8)
    header.writeInt16BE(-1, 12)
    await throwAtBroker(Buffer.concat([header.subarray(0, headerSize), body]))
  }
  await assertHealthy()
})

test(`real requests with single bytes changed, and cut off anywhere, leave the broker alive (seed ${seed})`, async () => {
  const random = randomFrom(seed)
  const records = batchOf([{ key: 'k', value: 'v' }], {}, { compression: 'lz4' })
  const body = { acks: -1, timeoutMs: 100, topicData: [{ name: 't', partitionData: [{ index: 0, records }] }] }
  const whole = Buffer.concat(encodeRequest(Produce, 9, { correlationId: 1, clientId: 'fuzz' }, body))
  for (let round = 0; round < 300; round++) {
    const bytes = Buffer.from(whole)
    for (let change = 0; change < 3; change++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
    await throwAtBroker(bytes.subarray(0, random() < 0.3 ? Math.floor(random() * bytes.length) : bytes.length))
  }
  await assertHealthy()
})

test('hundreds of connections that announce a large request and stall do not keep others from being served', async () => {
  const stalled = Array.from({ length: 200 }, () => {
    const socket = connect(broker.port, '127.0.0.1')
    socket.on('error', () => undefined)
    const announcement = Buffer.alloc(50000)
    announcement.writeInt32BE(99999, 0)
    socket.write(announcement)
    return socket
  })
  await assertHealthy()
  for (const socket of stalled) socket.destroy()
  await assertHealthy()
})
