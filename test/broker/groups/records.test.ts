import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupTombstone, offsetRecord, readStateRecord } from '../../../src/broker/groups/records.ts'

const hex = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString('hex'))
const fromHex = (text: string): Uint8Array => Buffer.from(text.replace(/\s/g, ''), 'hex')

test('a committed offset is stored as Kafka does: key type 1, value version 3', () => {
  const committed = { offset: 42, leaderEpoch: 7, metadata: 'm', commitTimestamp: 1700000000000, expireTimestamp: -1 }
  const record = offsetRecord('g1', 'topic', 3, committed)
  assert.equal(hex(record.key), '0001' + '00026731' + '0005746f706963' + '00000003')
  assert.equal(hex(record.value), '0003' + '000000000000002a' + '00000007' + '00016d' + '0000018bcfe56800')
  assert.deepEqual(readStateRecord(record.key, record.value), {
    kind: 'offset',
    group: 'g1',
    topic: 'topic',
    partition: 3,
    value: committed,
  })
})

test('an offset with a retention of its own is stored in value version 1', () => {
  const committed = { offset: 1, leaderEpoch: -1, metadata: '', commitTimestamp: 10, expireTimestamp: 20 }
  const { key, value } = offsetRecord('g', 't', 0, committed)
  assert.equal(hex(value), '0001' + '0000000000000001' + '0000' + '000000000000000a' + '0000000000000014')
  const change = readStateRecord(key, value)
  assert.deepEqual(change?.value, committed)
})

test('older and newer versions of values are read', () => {
  const { key } = offsetRecord('g', 't', 0, null)
  const v0 = readStateRecord(key, fromHex('0000 0000000000000005 0001 78 000000000000000a'))
  assert.deepEqual(v0?.value, { offset: 5, leaderEpoch: -1, metadata: 'x', commitTimestamp: 10, expireTimestamp: -1 })
  const v4 = readStateRecord(key, fromHex('0004 0000000000000005 00000002 02 78 000000000000000a 00'))
  assert.deepEqual(v4?.value, { offset: 5, leaderEpoch: 2, metadata: 'x', commitTimestamp: 10, expireTimestamp: -1 })
})

test('a removed group is a key of type 2 without a value', () => {
  const { key, value } = groupTombstone('g1')
  assert.equal(hex(key), '000200026731')
  assert.equal(value, null)
  assert.deepEqual(readStateRecord(key, value), { kind: 'group', group: 'g1', value: null })
})

test('records of other kinds of groups are skipped, damaged ones are an error', () => {
  assert.equal(readStateRecord(fromHex('0003 026700'), fromHex('0000')), null)
  assert.throws(() => readStateRecord(fromHex('0001 0010'), null), { name: 'ProtocolDecodeError' })
})
