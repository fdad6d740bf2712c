import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  correlationIdOf,
  decodeRequestBody,
  decodeResponse,
  encodeRequest,
  encodeResponse,
} from '../../src/protocol/codec.ts'
import { ProtocolDecodeError, ProtocolEncodeError } from '../../src/protocol/errors.ts'
import { ApiVersions, Fetch, Heartbeat, Produce, SaslHandshake } from '../../src/protocol/messages/index.ts'
import { decodeRequestHeader } from '../../src/protocol/request-header.ts'

function hexOf(chunks: readonly Uint8Array[]): string {
  return Buffer.concat(chunks).toString('hex')
}

test('a request header has a client id with an int16 length in every version, and tags from the first flexible one on', () => {
  const body = { groupId: 'g', generationId: 1, memberId: 'm' }
  const header = { correlationId: 258, clientId: 'me' }
  assert.equal(
    hexOf(encodeRequest(Heartbeat, 0, header, body)),
    '00000016 000c 0000 00000102 00026d65 000167 00000001 00016d'.replaceAll(' ', ''),
  )
  assert.equal(
    hexOf(encodeRequest(Heartbeat, 4, header, body)),
    '00000017 000c 0004 00000102 00026d65 00 0267 00000001 026d 00 00'.replaceAll(' ', ''),
  )
})

test('a client id may be null', () => {
  const [frame] = encodeRequest(Heartbeat, 0, { correlationId: 1, clientId: null }, {})
  assert.ok(frame)
  assert.equal(decodeRequestHeader(frame.subarray(4)).clientId, null)
})

test('the response header has tags in flexible versions, but never in ApiVersions', () => {
  assert.equal(
    hexOf(encodeResponse(Heartbeat, 3, 5, { errorCode: 27 })),
    '0000000a00000005 00000000 001b'.replaceAll(' ', ''),
  )
  assert.equal(
    hexOf(encodeResponse(Heartbeat, 4, 5, { errorCode: 27 })),
    '0000000c00000005 00 00000000 001b 00'.replaceAll(' ', ''),
  )
  assert.equal(
    hexOf(encodeResponse(ApiVersions, 3, 5, { errorCode: 35 })),
    '0000000c00000005 0023 01 00000000 00'.replaceAll(' ', ''),
  )
})

test('the header of an unknown API or version can be read, so that a broker can answer or close', () => {
  const frame = Buffer.from('03e7 0001 00000007 0001 78 ff'.replaceAll(' ', ''), 'hex')
  assert.deepEqual(decodeRequestHeader(frame), {
    apiKey: 999,
    apiVersion: 1,
    correlationId: 7,
    clientId: 'x',
    bodyPosition: 11,
  })
  const tooNew = Buffer.from('0012 0063 00000007 0001 78 00'.replaceAll(' ', ''), 'hex')
  assert.deepEqual(decodeRequestHeader(tooNew).apiVersion, 99)
})

test('unknown tags in headers and bodies are skipped', () => {
  // header tag 9 of 2 bytes; body: tag 1000 of 1 byte
  const frame = Buffer.from(
    '000c 0004 00000001 ffff 01 09 02 aabb 0267 00000001 026d 00 01 e807 01 cc'.replaceAll(' ', ''),
    'hex',
  )
  const header = decodeRequestHeader(frame)
  assert.deepEqual(decodeRequestBody(Heartbeat, 4, frame, header.bodyPosition), {
    groupId: 'g',
    generationId: 1,
    memberId: 'm',
    groupInstanceId: null,
  })
})

test('bytes behind a body are refused', () => {
  const [frame] = encodeRequest(SaslHandshake, 1, { correlationId: 1, clientId: null }, { mechanism: 'PLAIN' })
  assert.ok(frame)
  const longer = Buffer.concat([frame.subarray(4), Buffer.of(1, 2)])
  const { bodyPosition } = decodeRequestHeader(longer)
  assert.throws(
    () => decodeRequestBody(SaslHandshake, 1, longer, bodyPosition),
    (error) =>
      error instanceof ProtocolDecodeError &&
      error.message === 'SaslHandshake request of version 1 has 2 bytes more than expected',
  )
})

test('a version that the API does not have is refused in both directions', () => {
  assert.throws(() => encodeRequest(Produce, 2, { correlationId: 1, clientId: null }, {}), ProtocolEncodeError)
  assert.throws(() => decodeRequestBody(Produce, 2, new Uint8Array(9), 0), ProtocolDecodeError)
  assert.throws(() => decodeRequestBody(Produce, -1, new Uint8Array(9), 0), ProtocolDecodeError)
  assert.throws(() => decodeResponse(Produce, 99, new Uint8Array(9)), ProtocolDecodeError)
})

test('records travel by reference when encoded and as views of the frame when decoded', () => {
  const records = new Uint8Array(50_000).fill(7)
  const chunks = encodeRequest(
    Produce,
    9,
    { correlationId: 1, clientId: 'p' },
    { acks: -1, topicData: [{ name: 't', partitionData: [{ index: 3, records }] }] },
  )
  assert.ok(chunks.includes(records))
  const frame = Buffer.concat(chunks).subarray(4)
  const body = decodeRequestBody(Produce, 9, frame, decodeRequestHeader(frame).bodyPosition)
  const decoded = body.topicData[0]?.partitionData[0]?.records
  assert.ok(decoded)
  assert.equal(decoded.buffer, frame.buffer)
  assert.deepEqual(Buffer.from(decoded), Buffer.from(records))
})

test('a tagged field is on the wire only if it differs from its default', () => {
  const answer = (partition: object) =>
    hexOf(encodeResponse(Fetch, 12, 1, { responses: [{ topic: 't', partitions: [partition] }] }))
  const plain = answer({ partitionIndex: 1 })
  assert.equal(answer({ partitionIndex: 1, currentLeader: { leaderId: -1, leaderEpoch: -1 } }), plain)
  const tagged = answer({ partitionIndex: 1, currentLeader: { leaderId: 4 } })
  assert.ok(tagged.endsWith('01 01 09 00000004 ffffffff 00 00 00'.replaceAll(' ', '')), tagged)
  const { body } = decodeResponse(Fetch, 12, Buffer.from(tagged, 'hex').subarray(4))
  assert.deepEqual(body.responses[0]?.partitions[0]?.currentLeader, { leaderId: 4, leaderEpoch: -1 })
})

test('errors name the field that is wrong', () => {
  const header = { correlationId: 1, clientId: null }
  assert.throws(
    () => encodeRequest(Fetch, 4, header, { topics: [{ topic: 't', partitions: [{ partition: 2 ** 31 }] }] }),
    /^ProtocolEncodeError: FetchRequest\.topics\[\]\.partitions\[\]\.partition: 2147483648 is not an int32$/,
  )
  assert.throws(
    () => encodeRequest(Heartbeat, 0, header, { groupId: null as unknown as string }),
    /HeartbeatRequest\.groupId: must not be null in version 0/,
  )
  assert.throws(() => decodeRequestBody(Heartbeat, 4, Buffer.of(0), 0), /HeartbeatRequest\.groupId: must not be null/)
  assert.throws(
    () => decodeRequestBody(Fetch, 4, Buffer.alloc(3), 0),
    /FetchRequest\.replicaId: 4 bytes expected at byte 0/,
  )
})

test('decoded messages share no arrays, so that one can be changed without the other', () => {
  const first = Fetch.request.fromBytes(Fetch.request.toBytes(4, {}), 4)
  const second = Fetch.request.fromBytes(Fetch.request.toBytes(4, {}), 4)
  first.forgottenTopicsData.push({ topic: 't', topicId: '', partitions: [] })
  first.replicaState.replicaId = 9
  assert.deepEqual(second.forgottenTopicsData, [])
  assert.equal(second.replicaState.replicaId, -1)
})

test('the correlation id of a response can be read before the rest', () => {
  const [frame] = encodeResponse(Heartbeat, 4, 77, {})
  assert.ok(frame)
  assert.equal(correlationIdOf(frame.subarray(4)), 77)
})
