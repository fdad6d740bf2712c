import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtocolDecodeError } from '../../../src/protocol/errors.ts'
import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
  decodeVersioned,
  encodeVersioned,
} from '../../../src/protocol/messages/consumer-protocol.ts'

test('subscriptions of every version come back, with defaults for what the version lacks', () => {
  const subscription = {
    topics: ['a', 'b'],
    userData: Buffer.of(1),
    ownedPartitions: [{ topic: 'a', partitions: [0, 2] }],
    generationId: 4,
    rackId: 'r1',
  }
  for (const version of [0, 1, 2, 3]) {
    const decoded = decodeVersioned(
      ConsumerProtocolSubscription,
      encodeVersioned(ConsumerProtocolSubscription, version, subscription),
    )
    assert.equal(decoded.version, version)
    assert.deepEqual(decoded.message, {
      topics: ['a', 'b'],
      userData: Buffer.of(1),
      ownedPartitions: version >= 1 ? subscription.ownedPartitions : [],
      generationId: version >= 2 ? 4 : -1,
      rackId: version >= 3 ? 'r1' : null,
    })
  }
})

test('a subscription of a later version is read as far as it is known', () => {
  const bytes = Buffer.concat([encodeVersioned(ConsumerProtocolSubscription, 3, { topics: ['a'] }), Buffer.of(1, 2, 3)])
  bytes.writeInt16BE(9, 0)
  const { version, message } = decodeVersioned(ConsumerProtocolSubscription, bytes)
  assert.equal(version, 9)
  assert.deepEqual(message.topics, ['a'])
})

test('damaged assignments are refused', () => {
  const bytes = encodeVersioned(ConsumerProtocolAssignment, 0, {
    assignedPartitions: [{ topic: 't', partitions: [1] }],
  })
  assert.deepEqual(decodeVersioned(ConsumerProtocolAssignment, bytes).message.assignedPartitions, [
    { topic: 't', partitions: [1] },
  ])
  assert.throws(() => decodeVersioned(ConsumerProtocolAssignment, bytes.subarray(0, 9)), ProtocolDecodeError)
  assert.throws(() => decodeVersioned(ConsumerProtocolAssignment, Buffer.of(0xff, 0xff)), ProtocolDecodeError)
})
