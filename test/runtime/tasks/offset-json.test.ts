import assert from 'node:assert/strict'
import { test } from 'node:test'
import { offsetKey, offsetValue, parseOffsetKey, parseOffsetValue } from '../../../src/runtime/tasks/offset-json.ts'

test('keys and values are written as Kafka Connect writes them, fields in the given order', () => {
  assert.equal(offsetKey('orders', { table: 'ü"', db: 1 }), '["orders",{"table":"ü\\"","db":1}]')
  assert.equal(
    offsetValue({ lsn: 9007199254740993n, done: true, none: null, part: 1.5, raw: new Uint8Array([1, 2, 255]) }),
    '{"lsn":9007199254740993,"done":true,"none":null,"part":1.5,"raw":"AQL/"}',
  )
})

test('integers beyond what a double holds come back exactly', () => {
  assert.deepEqual(parseOffsetValue('{"a":9007199254740993,"b":-5,"c":1.0,"d":1e300}'), {
    a: 9007199254740993n,
    b: -5,
    c: 1,
    d: 1e300,
  })
})

test('a key in another notation is read as what it says', () => {
  assert.deepEqual(parseOffsetKey('[ "c" , { "p" : "\\u00e9" } ]'), { connector: 'c', partition: { p: 'é' } })
})

test('what is no offset is passed over', () => {
  for (const text of ['', '{}', '["c"]', '["c",null]', '["c",[1]]', '[1,{}]', 'broken{'])
    assert.equal(parseOffsetKey(text), null, text)
  for (const text of [null, '', '1', 'null', '[]', '"x"']) assert.equal(parseOffsetValue(text), null)
})

test('nested data and numbers that JSON does not have are refused by name', () => {
  assert.throws(
    () => offsetValue({ deep: { a: 1 } }),
    /Field deep of a source offset is of a kind that cannot be stored/,
  )
  assert.throws(() => offsetKey('c', { nan: Number.NaN }), /Field nan of a source partition/)
})
