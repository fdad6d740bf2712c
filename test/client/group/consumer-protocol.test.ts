import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../../src/client/group/consumer-protocol.ts'

test('a subscription that ends behind its user data is read with nothing owned, also as version 1 (kafkajs)', () => {
  // one topic "ab", user data of 2 bytes
  const rest = '00000001' + '0002' + '6162' + '00000002' + '0102'
  const bytes = Buffer.from(`0000${rest}`, 'hex')
  assert.deepEqual(decodeSubscription(Buffer.from(`0001${rest}`, 'hex')), decodeSubscription(bytes))
  assert.deepEqual(decodeSubscription(bytes), {
    topics: ['ab'],
    userData: Buffer.from([1, 2]),
    ownedPartitions: [],
    generation: -1,
    rackId: null,
  })
})

test('a subscription is written in version 3, byte for byte as Kafka lays it out', () => {
  const bytes = encodeSubscription({
    topics: ['t'],
    userData: null,
    ownedPartitions: [
      { topic: 't', partition: 1 },
      { topic: 't', partition: 4 },
    ],
    generation: 7,
    rackId: null,
  })
  const owned = `00000001${'0001'}74${'00000002'}${'00000001'}${'00000004'}`
  assert.equal(Buffer.from(bytes).toString('hex'), `0003${'00000001'}${'0001'}74ffffffff${owned}00000007ffff`)
  assert.deepEqual(decodeSubscription(bytes).ownedPartitions, [
    { topic: 't', partition: 1 },
    { topic: 't', partition: 4 },
  ])
})

test('a subscription of a version to come is read as far as it is known', () => {
  const bytes = Buffer.concat([
    encodeSubscription({ topics: [], userData: null, ownedPartitions: [], generation: 3, rackId: 'r' }),
    Buffer.from([1, 2, 3]),
  ])
  bytes.writeInt16BE(9)
  assert.deepEqual(decodeSubscription(bytes), {
    topics: [],
    userData: null,
    ownedPartitions: [],
    generation: 3,
    rackId: 'r',
  })
})

test('an assignment comes back as it was written, and nothing at all means no partitions', () => {
  const partitions = [
    { topic: 'a', partition: 0 },
    { topic: 'a', partition: 2 },
    { topic: 'b', partition: 1 },
  ]
  assert.deepEqual(decodeAssignment(encodeAssignment(partitions)), partitions)
  assert.deepEqual(decodeAssignment(new Uint8Array()), [])
})
