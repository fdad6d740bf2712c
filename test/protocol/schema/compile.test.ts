import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtocolDecodeError, ProtocolEncodeError } from '../../../src/protocol/errors.ts'
import {
  array,
  bytes,
  type Fields,
  int16,
  int32,
  int8,
  string,
  struct,
  uint16,
} from '../../../src/protocol/schema/field.ts'
import { MessageSchema } from '../../../src/protocol/schema/message.ts'

function schema<F extends Fields>(fields: F, firstFlexibleVersion = 2): MessageSchema<F> {
  return new MessageSchema('Message', fields, [0, 5], firstFlexibleVersion)
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function fromHex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex')
}

test('a field is on the wire in its versions only, and has its default in the others', () => {
  const message = schema({ a: int8('1+').default(-1), b: int8('0-1'), c: int8('3') }, Infinity)
  const value = { a: 1, b: 2, c: 3 }
  assert.equal(hex(message.toBytes(0, value)), '02')
  assert.equal(hex(message.toBytes(1, value)), '0102')
  assert.equal(hex(message.toBytes(3, value)), '0103')
  assert.deepEqual(message.fromBytes(fromHex('02'), 0), { a: -1, b: 2, c: 0 })
})

test('strings, bytes and arrays are compact from the first flexible version on, and structs end with tags', () => {
  const message = schema({ s: string(), b: bytes(), list: array({ n: int16() }), numbers: array(uint16()) })
  const value = { s: 'x', b: Buffer.of(9), list: [{ n: 1 }], numbers: [7, 8] }
  assert.equal(
    hex(message.toBytes(1, value)),
    '0001 78 00000001 09 00000001 0001 00000002 0007 0008'.replaceAll(' ', ''),
  )
  assert.equal(hex(message.toBytes(2, value)), '02 78 02 09 02 0001 00 03 0007 0008 00'.replaceAll(' ', ''))
})

test('null is allowed in the nullable versions only, in both directions', () => {
  const message = schema({ s: string().nullable('1+'), list: array(int8()).nullable('1+') }, 3)
  assert.deepEqual(message.fromBytes(message.toBytes(1, { s: null, list: null }), 1), { s: null, list: null })
  assert.deepEqual(message.fromBytes(message.toBytes(3, { s: null, list: null }), 3), { s: null, list: null })
  assert.throws(() => message.toBytes(0, { s: null }), /Message\.s: must not be null in version 0/)
  assert.throws(() => message.toBytes(0, { list: null }), /Message\.list: must not be null in version 0/)
  assert.throws(() => message.fromBytes(fromHex('ffff 00000000'), 0), /Message\.s: must not be null in version 0/)
  assert.throws(() => message.fromBytes(fromHex('0000 ffffffff'), 0), /Message\.list: must not be null in version 0/)
})

test('a nullable struct has a marker in front: -1 for null, 1 for a value', () => {
  const message = schema({ inner: struct({ n: int8() }).nullable().default(null) }, 0)
  assert.equal(hex(message.toBytes(0, {})), 'ff00')
  assert.equal(hex(message.toBytes(0, { inner: { n: 5 } })), '01050000')
  assert.deepEqual(message.fromBytes(fromHex('01050000'), 0), { inner: { n: 5 } })
  assert.deepEqual(message.fromBytes(fromHex('ff00'), 0), { inner: null })
})

test('tagged fields are written in ascending order and only if they differ from their default', () => {
  const message = schema(
    {
      late: int32('2+').default(-1).tag(7),
      list: array(int8(), '2+').tag(3),
      blob: bytes('2+').tag(4),
      inner: struct({ n: int8(), s: string().default('d') }, '2+').tag(0),
      maybe: string('2+').nullable().default(null).tag(1),
    },
    2,
  )
  const defaults = { late: -1, list: [], blob: new Uint8Array(0), inner: { n: 0, s: 'd' }, maybe: null }
  assert.equal(hex(message.toBytes(2, defaults)), '00')
  assert.equal(hex(message.toBytes(2, { inner: { n: 0 } })), '00')
  const value = { late: 1, list: [2], blob: Buffer.of(5), inner: { n: 3, s: 'd' }, maybe: '' }
  const encoded = message.toBytes(2, value)
  assert.equal(hex(encoded), '05 00 04 03 0264 00 01 01 01 03 02 02 02 04 02 02 05 07 04 00000001'.replaceAll(' ', ''))
  assert.deepEqual(message.fromBytes(encoded, 2), value)
  assert.deepEqual(message.fromBytes(message.toBytes(0, value), 0), defaults)
})

test('a tagged field whose size does not match its value is refused', () => {
  const message = schema({ n: int32('2+').tag(0) }, 2)
  assert.throws(() => message.fromBytes(fromHex('01 00 05 00000001 ff'), 2), ProtocolDecodeError)
  assert.throws(() => message.fromBytes(fromHex('01 00 03 000000 01'), 2), /Message\.n: 4 bytes expected at byte 3/)
  assert.throws(() => message.fromBytes(fromHex('01 00 ff7f 00000001'), 2), ProtocolDecodeError)
})

test('a table with a tag in a version that has no tags is refused', () => {
  assert.throws(() => schema({ n: int32().tag(0) }, 2).toBytes(1, {}), /Message has tagged fields in version 1/)
})

test('a missing struct or element of an array is refused with its name', () => {
  const message = schema({ list: array({ n: int8() }) }, Infinity)
  const broken = { list: [null] } as unknown as { list: { n: number }[] }
  assert.throws(
    () => message.toBytes(0, broken),
    (error) => error instanceof ProtocolEncodeError && /Message\.list\[\]\.n/.test(error.message),
  )
})

test('field tables give the types of their messages', () => {
  const message = schema({ n: int8(), list: array({ s: string().nullable() }) }, Infinity)
  const decoded = message.fromBytes(message.toBytes(0, { list: [{ s: null }] }), 0)
  const n: number = decoded.n
  const s: string | null | undefined = decoded.list[0]?.s
  assert.deepEqual([n, s], [0, null])
  // @ts-expect-error a number is not a string
  assert.throws(() => message.toBytes(0, { list: [{ s: 5 }] }), ProtocolEncodeError)
  // @ts-expect-error there is no such field
  assert.equal(message.toBytes(0, { other: 1 }).length, 5)
})
