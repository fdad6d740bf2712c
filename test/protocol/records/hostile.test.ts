import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import {
  BATCH_OVERHEAD,
  CorruptRecordError,
  compress,
  compressionTypes,
  decodeBatch,
  decompress,
  RecordBatchBuilder,
} from '../../../src/protocol/records/index.ts'
import { compression, records } from './arbitraries.ts'

const MAX = 1 << 20

/** Decodes and reads every field; anything but success or a CorruptRecordError fails the test. */
function decodeFully(bytes: Uint8Array): void {
  try {
    const columns = decodeBatch(bytes, 0, { maxDecompressedBytes: MAX })
    for (let i = 0; i < columns.count; i++) {
      columns.key(i)
      columns.value(i)
      columns.headers(i)
    }
  } catch (error) {
    assert.ok(error instanceof CorruptRecordError, `threw ${String(error)}`)
    // A trap of the WebAssembly decoders would leave their output allocated for ever.
    assert.ok(
      !(error.cause instanceof Error && error.cause.name === 'RuntimeError'),
      `the decoder trapped: ${error.message}`,
    )
  }
}

function sample(type: (typeof compressionTypes)[number]): Buffer {
  const builder = new RecordBatchBuilder({ compression: type })
  for (let i = 0; i < 50; i++) {
    const headers = i % 3 === 0 ? [{ key: 'trace', value: Buffer.from(`t${i}`) }] : []
    builder.append({
      timestamp: i,
      key: Buffer.from(`key-${i}`),
      value: Buffer.from(`value-${i}`.repeat(i % 9)),
      headers,
    })
  }
  return Buffer.from(builder.build())
}

describe('hostile bytes', () => {
  test('in a batch of any codec cause nothing but CorruptRecordError', () => {
    const change = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) }, { noNullPrototype: true })
    fc.assert(
      fc.property(records, compression, fc.array(change, { minLength: 1, maxLength: 6 }), (inputs, type, changes) => {
        const builder = new RecordBatchBuilder({ compression: type })
        for (const input of inputs) builder.append(input)
        const batch = Uint8Array.from(builder.build())
        for (const { at, byte } of changes) {
          batch[BATCH_OVERHEAD + (at % (batch.length - BATCH_OVERHEAD))] = byte
        }
        decodeFully(batch)
      }),
      { numRuns: 1000 },
    )
  })

  test('at every position of a batch cause nothing but CorruptRecordError', () => {
    for (const type of compressionTypes) {
      const batch = sample(type)
      for (let at = 8; at < batch.length; at++) {
        const before = batch[at] as number
        for (const byte of [0, 0x7f, 0x80, 0xff]) {
          batch[at] = byte
          decodeFully(batch)
        }
        batch[at] = before
      }
    }
  })

  test('cut at every length cause nothing but CorruptRecordError, with the length field put right too', () => {
    for (const type of compressionTypes) {
      const batch = sample(type)
      for (let length = 0; length < batch.length; length++) {
        const cut = Buffer.from(batch.subarray(0, length))
        assert.throws(() => decodeBatch(cut, 0), CorruptRecordError)
        if (length < BATCH_OVERHEAD) continue
        cut.writeInt32BE(length - 12, 8)
        assert.throws(() => decodeBatch(cut, 0), CorruptRecordError)
        decodeFully(cut)
      }
    }
  })

  test('that are no batch at all cause nothing but CorruptRecordError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 61, maxLength: 400 }), (bytes) => {
        bytes[16] = 2
        new DataView(bytes.buffer).setInt32(8, bytes.length - 12)
        decodeFully(bytes)
      }),
      { numRuns: 500 },
    )
  })

  test('declaring a count that cannot fit allocate nothing for it', () => {
    for (const count of [51, 2147483647, -1]) {
      const batch = sample('none')
      batch.writeInt32BE(count, 57)
      const before = process.memoryUsage().arrayBuffers
      assert.throws(() => decodeBatch(batch, 0), { name: 'CorruptRecordError', reason: 'records' })
      assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000)
    }
  })

  test('declaring fewer records than there are is corrupt', () => {
    const batch = sample('none')
    batch.writeInt32BE(49, 57)
    assert.throws(() => decodeBatch(batch, 0), /bytes after its last record/)
  })

  test('using a codec that does not exist are corrupt', () => {
    for (const codec of [5, 6, 7]) {
      const batch = sample('none')
      batch.writeInt16BE(codec, 21)
      assert.throws(() => decodeBatch(batch, 0), { name: 'CorruptRecordError', reason: 'compression' })
    }
  })

  test('with a wrong CRC are refused when the CRC is asked for', () => {
    const batch = sample('none')
    batch[batch.length - 1] = 1
    assert.throws(() => decodeBatch(batch, 0, { verifyCrc: true }), { name: 'CorruptRecordError', reason: 'crc' })
  })
})

describe('a decompression bomb', () => {
  const zeros = Buffer.alloc(40 * MAX)
  for (const type of compressionTypes) {
    if (type === 'none') continue
    const bomb = compress(type, zeros)

    test(`of codec ${type} is stopped at the limit`, () => {
      const before = process.memoryUsage()
      assert.throws(() => decompress(type, bomb, MAX), { name: 'CorruptRecordError', reason: 'too-large' })
      assert.ok(process.memoryUsage().arrayBuffers - before.arrayBuffers < 8 * MAX)
    })

    test(`of codec ${type} is content like any other below the limit`, () => {
      assert.equal(decompress(type, bomb, zeros.length).length, zeros.length)
      assert.throws(() => decompress(type, bomb, zeros.length - 1), { reason: 'too-large' })
    })
  }

  test('made of many gzip members or zstd frames is stopped too', () => {
    const gzip = gzipSync(Buffer.alloc(MAX))
    const zstd = zstdCompressSync(Buffer.alloc(MAX))
    for (const [type, part] of [
      ['gzip', gzip],
      ['zstd', zstd],
    ] as const) {
      const many = Buffer.concat(Array.from({ length: 10 }, () => part))
      assert.throws(() => decompress(type, many, MAX + 1), { name: 'CorruptRecordError', reason: 'too-large' })
    }
  })

  test('of a raw snappy block that only declares a size is refused before anything is allocated', () => {
    const declares4GiB = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00, 0x61])
    assert.throws(() => decompress('snappy', declares4GiB, MAX), { reason: 'too-large' })
    assert.throws(() => decompress('snappy', declares4GiB, 2 ** 33), { reason: 'compression' })
  })
})
