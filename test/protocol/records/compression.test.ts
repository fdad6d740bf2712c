import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { snappyCompress as rawSnappy } from '@platformatic/wasm-utils'
import fc from 'fast-check'
import { compress, compressionTypes, decompress } from '../../../src/protocol/records/index.ts'

const text = Buffer.from('the quick brown fox jumps over the lazy dog, '.repeat(3000))
const noise = Buffer.from(Uint8Array.from({ length: 100_000 }, (_, i) => Math.imul(i ^ (i >>> 7), 0x9e3779b1) >>> 24))

for (const type of compressionTypes) {
  test(`${type} gives back what went in, in memory of its own`, () => {
    for (const content of [Buffer.alloc(0), Buffer.from('x'), text, noise, Buffer.concat([noise, text, noise])]) {
      const unpacked = decompress(type, compress(type, content), content.length)
      assert.ok(content.equals(unpacked))
      if (type !== 'none') assert.equal(unpacked.buffer.byteLength, unpacked.length)
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.integer({ min: 1, max: 40 }), (part, times) => {
        const content = Buffer.concat(Array.from({ length: times }, () => part))
        assert.ok(content.equals(decompress(type, compress(type, content), content.length)))
      }),
      { numRuns: 50 },
    )
  })
}

test('snappy is written as a xerial stream of 32 KiB blocks and read raw too', () => {
  const stream = Buffer.from(compress('snappy', text))
  assert.equal(stream.subarray(0, 16).toString('hex'), '82534e41505059000000000100000001')
  const first = stream.readInt32BE(16)
  assert.deepEqual(stream.subarray(20, 20 + first), rawSnappy(text.subarray(0, 32768)))
  assert.ok(text.equals(decompress('snappy', rawSnappy(text), text.length)))
})

test('gzip of several members and zstd of several frames are read to the end', () => {
  const parts = [text, noise]
  const whole = Buffer.concat(parts)
  assert.ok(whole.equals(decompress('gzip', Buffer.concat(parts.map((part) => gzipSync(part))), whole.length)))
  assert.ok(whole.equals(decompress('zstd', Buffer.concat(parts.map((part) => zstdCompressSync(part))), whole.length)))
})

// Frames of the lz4 command for 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' come with sizes and checksums in all combinations.
test('an LZ4 frame with content size and checksums is read', () => {
  const block = Buffer.from('1f610100105061616161 61'.replace(' ', ''), 'hex')
  const size = Buffer.alloc(4)
  size.writeUInt32LE(block.length)
  const content = Buffer.alloc(1 + 4 + 15 + 16 + 5, 'a')
  const contentSize = Buffer.alloc(8)
  contentSize.writeBigUInt64LE(BigInt(content.length))
  const frame = Buffer.concat([
    Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x40 | 0x20 | 0x10 | 0x08 | 0x04, 0x40]),
    contentSize,
    Buffer.from([0]),
    size,
    block,
    Buffer.alloc(4),
    Buffer.alloc(4),
    Buffer.alloc(4),
  ])
  assert.equal(Buffer.from(decompress('lz4', frame, 1000)).toString(), content.toString())
  contentSize.copy(frame, 6)
  frame[6] = content.length + 1
  assert.throws(() => decompress('lz4', frame, 1000), { name: 'CorruptRecordError', reason: 'compression' })
})

test('an LZ4 frame of dependent blocks is read', () => {
  // Second block: 1 literal 'b', then a match of 4 at distance 6 (into the first block), then 5 literals.
  const first = Buffer.from('60616263646566', 'hex')
  const second = Buffer.from('106206005030313233 34'.replace(' ', ''), 'hex')
  const sized = (block: Buffer): Buffer => {
    const size = Buffer.alloc(4)
    size.writeUInt32LE(block.length)
    return Buffer.concat([size, block])
  }
  for (const flags of [0x40, 0x44]) {
    const frame = Buffer.concat([
      Buffer.from([0x04, 0x22, 0x4d, 0x18, flags, 0x40, flags === 0x40 ? 0xc0 : 0]),
      sized(first),
      sized(second),
      Buffer.alloc(flags === 0x40 ? 4 : 8),
    ])
    assert.equal(Buffer.from(decompress('lz4', frame, 1000)).toString(), 'abcdefbbcde01234')
  }
})
