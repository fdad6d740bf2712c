import assert from 'node:assert/strict'
import { test } from 'node:test'
import { offsetValue, parseOffsetKey } from '../../../src/runtime/tasks/offset-json.ts'

// Kafka's OffsetUtilsTest, case by case.

test('testValidateFormatMapWithNonPrimitiveKeys: nested data is no offset', () => {
  for (const value of [{}, [], { a: [1] }]) {
    assert.throws(() => offsetValue({ key: value }), /Field key of a source offset is of a kind that cannot be stored/)
  }
})

test('testValidateFormatWithValidFormat: simple values are', () => {
  assert.equal(
    offsetValue({ key: 1, b: null, c: 'x', d: true, e: 2n ** 60n }),
    `{"key":1,"b":null,"c":"x","d":true,"e":${2n ** 60n}}`,
  )
})

for (const [title, ...keys] of [
  ['testProcessPartitionKeyWithUnknownSerialization', '\0', 'i-am-not-json'],
  ['testProcessPartitionKeyNotList', '', '{}'],
  ['testProcessPartitionKeyListWithOneElement', '[""]'],
  ['testProcessPartitionKeyListWithElementsOfWrongType', '[1,{}]', '["connector-name",[]]'],
  ['testProcessPartitionKeyNullPartition', '["connector-name",null]'],
] as const) {
  test(`${title}: such a key names no partition`, () => {
    for (const key of keys) assert.equal(parseOffsetKey(key), null, key)
  })
}

test('testProcessPartitionKeyValidList: name and partition', () => {
  assert.deepEqual(parseOffsetKey('["connector-name",{}]'), { connector: 'connector-name', partition: {} })
})
