import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtocolDecodeError } from '../../../src/protocol/errors.ts'
import { Reader } from '../../../src/protocol/primitives/reader.ts'

function reader(hex: string): Reader {
  return new Reader(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
}

test('integers are big endian and signed as their names say', () => {
  const r = reader('ff 80 00 8000 ffff 80000000 ffffffff fffffffffffffffe')
  assert.equal(r.int8(), -1)
  assert.equal(r.int8(), -128)
  assert.equal(r.boolean(), false)
  assert.equal(r.int16(), -32768)
  assert.equal(r.uint16(), 65535)
  assert.equal(r.int32(), -2147483648)
  assert.equal(r.uint32(), 4294967295)
  assert.equal(r.int64(), -2)
  assert.equal(r.remaining, 0)
})

test('64-bit integers are exact within the safe range and the nearest double beyond it', () => {
  assert.equal(reader('001fffffffffffff').int64(), Number.MAX_SAFE_INTEGER)
  assert.equal(reader('ffe0000000000001').int64(), Number.MIN_SAFE_INTEGER)
  assert.equal(reader('7fffffffffffffff').int64(), 2 ** 63)
  assert.equal(reader('8000000000000000').int64(), -(2 ** 63))
})

test('varints are read low bits first, zigzag where they are signed', () => {
  assert.equal(reader('ac02').uvarint(), 300)
  assert.equal(reader('ffffffff0f').uvarint(), 4294967295)
  assert.equal(reader('03').varint(), -2)
  assert.equal(reader('ffffffff0f').varint(), -2147483648)
  assert.equal(reader('feffffff0f').varint(), 2147483647)
  assert.equal(reader('feffffffffffff1f').varlong(), Number.MAX_SAFE_INTEGER)
  assert.equal(reader('feffffffffffffffff01').varlong(), 2 ** 63)
  assert.equal(reader('ffffffffffffffffff01').varlong(), -(2 ** 63))
})

test('varints of too many bytes are refused', () => {
  assert.throws(() => reader('ffffffff1f').uvarint(), ProtocolDecodeError)
  assert.throws(() => reader('808080808001').uvarint(), ProtocolDecodeError)
  assert.throws(() => reader('ffffffffffffffffff02').varlong(), ProtocolDecodeError)
  assert.throws(() => reader('80').varlong(), ProtocolDecodeError)
})

test('strings and bytes know null, and byte fields are views of the frame', () => {
  assert.equal(reader('ffff').nullableString(), null)
  assert.equal(reader('0003 e282ac').string(), '€')
  assert.equal(reader('00').nullableCompactString(), null)
  assert.equal(reader('04 e282ac').compactString(), '€')
  assert.equal(reader('ffffffff').nullableBytes(), null)
  const frame = Buffer.from('0000000201ff', 'hex')
  const view = new Reader(frame).nullableBytes()
  assert.ok(view)
  assert.equal(view.buffer, frame.buffer)
  assert.deepEqual([...view], [1, 255])
})

test('lengths that are negative or larger than what is left are refused with the position', () => {
  assert.throws(() => reader('fffe').nullableString(), /negative length -2 at byte 2/)
  assert.throws(() => reader('ffff').string(), /negative length -1/)
  assert.throws(() => reader('0005 6161').string(), /5 bytes expected at byte 2, but only 2 are left/)
  assert.throws(() => reader('7fffffff').nullableBytes(), ProtocolDecodeError)
  assert.throws(() => reader('0000').int32(), ProtocolDecodeError)
  assert.throws(() => reader('00000000000000').int64(), ProtocolDecodeError)
})

test('an array count that the rest of the message cannot hold is refused before anything is allocated', () => {
  assert.equal(reader('00000002 0000 0000').arrayCount(false, 2), 2)
  assert.throws(
    () => reader('00000002 0000 00').arrayCount(false, 2),
    /an array of 2 elements .* does not fit into 3 bytes/,
  )
  assert.throws(() => reader('7fffffff').arrayCount(false, 1), ProtocolDecodeError)
  assert.throws(() => reader('ffffffff0f').arrayCount(true, 1), ProtocolDecodeError)
  assert.throws(() => reader('fffffffe').arrayCount(false, 1), /negative array size -2/)
  assert.equal(reader('ffffffff').arrayCount(false, 1), -1)
  assert.equal(reader('00').arrayCount(true, 1), -1)
})

test('a reader stays within the part of the buffer that it was given', () => {
  const r = new Reader(Buffer.from('00010203', 'hex'), 1, 3)
  assert.equal(r.int16(), 0x0102)
  assert.throws(() => r.int8(), ProtocolDecodeError)
  assert.throws(() => new Reader(Buffer.alloc(2), 3), ProtocolDecodeError)
})

test('tag sections are skipped whole, and a count that cannot be true is refused', () => {
  const r = reader('02 00 01 ff 05 02 0000 07')
  r.skipTags()
  assert.equal(r.int8(), 7)
  assert.throws(() => reader('ff01').skipTags(), ProtocolDecodeError)
})

test('a uuid is 22 characters of base64url', () => {
  assert.equal(reader('00000000000000000000000000000001').uuid(), 'AAAAAAAAAAAAAAAAAAAAAQ')
})
