import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ProtocolEncodeError } from '../../../src/protocol/errors.ts'
import { Reader } from '../../../src/protocol/primitives/reader.ts'
import { Writer } from '../../../src/protocol/primitives/writer.ts'
import { seed } from '../../support/arbitrary-message.ts'

function hex(write: (writer: Writer) => void): string {
  const writer = new Writer(1)
  write(writer)
  return Buffer.from(writer.toBytes()).toString('hex')
}

test('integers are written big endian', () => {
  assert.equal(
    hex((w) => w.int8(-1)),
    'ff',
  )
  assert.equal(
    hex((w) => w.int16(-2)),
    'fffe',
  )
  assert.equal(
    hex((w) => w.uint16(0xfffe)),
    'fffe',
  )
  assert.equal(
    hex((w) => w.int32(0x01020304)),
    '01020304',
  )
  assert.equal(
    hex((w) => w.uint32(0xfffffffe)),
    'fffffffe',
  )
  assert.equal(
    hex((w) => w.int64(-2)),
    'fffffffffffffffe',
  )
  assert.equal(
    hex((w) => w.float64(1.5)),
    '3ff8000000000000',
  )
})

test('64-bit integers beyond the range become the largest or smallest one', () => {
  assert.equal(
    hex((w) => w.int64(2 ** 63)),
    '7fffffffffffffff',
  )
  assert.equal(
    hex((w) => w.int64(Infinity)),
    '7fffffffffffffff',
  )
  assert.equal(
    hex((w) => w.int64(-(2 ** 63))),
    '8000000000000000',
  )
  assert.equal(
    hex((w) => w.int64(-Infinity)),
    '8000000000000000',
  )
  assert.equal(
    hex((w) => w.varlong(2 ** 63)),
    'feffffffffffffffff01',
  )
  assert.equal(
    hex((w) => w.varlong(-(2 ** 63))),
    'ffffffffffffffffff01',
  )
})

test('values that do not fit their type are refused instead of being cut', () => {
  assert.throws(() => hex((w) => w.int8(128)), ProtocolEncodeError)
  assert.throws(() => hex((w) => w.int16(-32769)), ProtocolEncodeError)
  assert.throws(() => hex((w) => w.uint16(-1)), ProtocolEncodeError)
  assert.throws(() => hex((w) => w.int32(1.5)), ProtocolEncodeError)
  assert.throws(() => hex((w) => w.int32(2 ** 31)), ProtocolEncodeError)
  assert.throws(() => hex((w) => w.int64(Number.NaN)), ProtocolEncodeError)
  assert.throws(() => hex((w) => w.string('x'.repeat(32768))), ProtocolEncodeError)
  assert.throws(() => hex((w) => w.uuid('too short')), ProtocolEncodeError)
  assert.throws(() => hex((w) => w.uuid('*'.repeat(22))), ProtocolEncodeError)
})

test('strings carry the length of their UTF-8 form', () => {
  assert.equal(
    hex((w) => w.string('a€')),
    `000461e282ac`,
  )
  assert.equal(
    hex((w) => w.string(null)),
    'ffff',
  )
  assert.equal(
    hex((w) => w.compactString('a€')),
    '0561e282ac',
  )
  assert.equal(
    hex((w) => w.compactString('')),
    '01',
  )
  assert.equal(
    hex((w) => w.compactString(null)),
    '00',
  )
  assert.equal(
    hex((w) => w.string('x'.repeat(100))),
    `0064${'78'.repeat(100)}`,
  )
})

test('every primitive is read back as it was written', (t) => {
  t.diagnostic(`seed ${seed}`)
  const uint32 = fc.integer({ min: 0, max: 0xffffffff })
  fc.assert(
    fc.property(
      fc.integer(),
      uint32,
      fc.maxSafeInteger(),
      fc.double(),
      fc.string({ unit: 'binary' }),
      (i, u, l, d, s) => {
        const writer = new Writer(4)
        writer.varint(i)
        writer.uvarint(u)
        writer.varlong(l)
        writer.int64(l)
        writer.float64(d)
        writer.string(s)
        writer.compactString(s)
        const reader = new Reader(writer.toBytes())
        assert.equal(reader.varint(), i)
        assert.equal(reader.uvarint(), u)
        assert.equal(reader.varlong(), l)
        assert.equal(reader.int64(), l)
        assert.ok(Object.is(reader.float64(), d))
        assert.equal(reader.string(), s)
        assert.equal(reader.compactString(), s)
        assert.equal(reader.remaining, 0)
      },
    ),
    { seed, numRuns: 500 },
  )
})

test('large byte fields are passed on by reference, in their place, and count towards the size', () => {
  const writer = new Writer(8)
  const first = new Uint8Array(5000).fill(1)
  const second = new Uint8Array(3000).fill(2)
  writer.int32(0)
  writer.bytes(first)
  writer.bytes(second)
  writer.int8(9)
  writer.setInt32(0, writer.size)
  const chunks = writer.chunks()
  assert.equal(chunks[1], first)
  assert.equal(chunks[3], second)
  assert.equal(writer.size, 4 + 4 + 5000 + 4 + 3000 + 1)
  const whole = Buffer.concat(chunks)
  assert.equal(whole.length, writer.size)
  assert.deepEqual(writer.toBytes(), whole)
  const reader = new Reader(whole)
  assert.equal(reader.int32(), whole.length)
  assert.deepEqual(reader.nullableBytes(), Buffer.from(first))
  assert.deepEqual(reader.nullableBytes(), Buffer.from(second))
  assert.equal(reader.int8(), 9)
})

test('small byte fields are copied, so that a caller may change them afterwards', () => {
  const writer = new Writer(8)
  const bytes = Uint8Array.of(1, 2)
  writer.compactBytes(bytes)
  bytes[0] = 9
  assert.deepEqual([...writer.toBytes()], [3, 1, 2])
})
