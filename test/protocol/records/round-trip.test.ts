import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  compressionTypes,
  decodeBatch,
  RecordBatchBuilder,
  type RecordColumns,
  type RecordInput,
} from '../../../src/protocol/records/index.ts'
import { compression, records, timestamp } from './arbitraries.ts'

function plain(bytes: Uint8Array | null): Uint8Array | null {
  return bytes === null ? null : Uint8Array.from(bytes)
}

function rows(columns: RecordColumns): Required<RecordInput>[] {
  return Array.from({ length: columns.count }, (_, i) => ({
    timestamp: columns.timestamps[i] as number,
    key: plain(columns.key(i)),
    value: plain(columns.value(i)),
    headers: columns.headers(i).map(({ key, value }) => ({ key, value: plain(value) })),
  }))
}

function writeStreamed(builder: RecordBatchBuilder, input: Required<RecordInput>): void {
  builder.beginRecord(input.timestamp, input.key)
  if (input.value === null) {
    builder.endRecordNullValue(input.headers)
    return
  }
  // Byte by byte with a reservation each: the memory behind the sink may change at any of them.
  for (const byte of input.value) {
    builder.out.reserve(1)
    builder.out.bytes[builder.out.position++] = byte
  }
  builder.endRecord(input.headers)
}

describe('a record batch', () => {
  for (const type of compressionTypes) {
    test(`of codec ${type} decodes to the records that were appended`, () => {
      fc.assert(
        fc.property(records, (inputs) => {
          const builder = new RecordBatchBuilder({ compression: type, initialCapacity: 0 })
          for (const input of inputs) builder.append(input)
          const columns = decodeBatch(builder.build(), 0, { verifyCrc: true })
          assert.deepEqual(rows(columns), inputs)
          assert.deepEqual(Array.from(columns.offsets), Array.from(inputs.keys()))
          assert.equal(columns.header.compression, type)
          assert.equal(columns.header.maxTimestamp, Math.max(...inputs.map((input) => input.timestamp)))
          assert.equal(columns.header.lastOffset, inputs.length - 1)
        }),
        { numRuns: 60 },
      )
    })
  }

  test('is the same, byte for byte, whether values are given or written straight into it', () => {
    fc.assert(
      fc.property(records, compression, fc.integer({ min: 0, max: 300 }), (inputs, type, initialCapacity) => {
        const given = new RecordBatchBuilder({ compression: type })
        const written = new RecordBatchBuilder({ compression: type, initialCapacity })
        for (const input of inputs) {
          given.append(input)
          writeStreamed(written, input)
        }
        assert.deepEqual(Buffer.from(written.build()), Buffer.from(given.build()))
      }),
      { numRuns: 100 },
    )
  })

  test('shows no trace of cancelled records', () => {
    fc.assert(
      fc.property(records, fc.array(fc.boolean(), { minLength: 80, maxLength: 80 }), (inputs, cancelled) => {
        const kept = inputs.filter((_, i) => cancelled[i] !== true)
        fc.pre(kept.length > 0)
        const builder = new RecordBatchBuilder({ initialCapacity: 0 })
        const expected = new RecordBatchBuilder()
        for (const [i, input] of inputs.entries()) {
          if (cancelled[i] !== true) {
            writeStreamed(builder, input)
            continue
          }
          builder.beginRecord(input.timestamp, input.key)
          builder.out.reserve(100)
          builder.out.position += 100
          builder.cancelRecord()
        }
        for (const input of kept) expected.append(input)
        assert.deepEqual(Buffer.from(builder.build()), Buffer.from(expected.build()))
      }),
      { numRuns: 100 },
    )
  })

  test('keeps timestamps exact with a base timestamp far from them', () => {
    fc.assert(
      fc.property(timestamp, fc.array(timestamp, { minLength: 1, maxLength: 20 }), (baseTimestamp, timestamps) => {
        const builder = new RecordBatchBuilder({ baseTimestamp })
        for (const time of timestamps) builder.append({ timestamp: time, key: null, value: null })
        const columns = decodeBatch(builder.build(), 0)
        assert.equal(columns.header.baseTimestamp, baseTimestamp)
        assert.deepEqual(Array.from(columns.timestamps), timestamps)
      }),
    )
  })

  test('holds values of megabytes and offset deltas beyond two varint bytes', () => {
    const big = Buffer.alloc(3_000_000, 'big value ')
    const builder = new RecordBatchBuilder({ compression: 'lz4' })
    builder.append({ timestamp: 1, key: big, value: big })
    for (let i = 0; i < 20_000; i++) builder.appendRecord(i, null, null)
    const columns = decodeBatch(builder.build(), 0)
    assert.equal(columns.count, 20_001)
    assert.deepEqual(columns.value(0), big)
    assert.deepEqual(columns.key(0), big)
    assert.equal(columns.offsets[20_000], 20_000)
  })

  test('carries the producer that build was told', () => {
    const builder = new RecordBatchBuilder()
    builder.append({ timestamp: -1, key: null, value: Buffer.from('v') })
    const stamp = { producerId: 2 ** 40 + 3, producerEpoch: 7, baseSequence: 2147483647, transactional: true }
    const { header } = decodeBatch(builder.build(stamp), 0, { verifyCrc: true })
    const { producerId, producerEpoch, baseSequence, isTransactional, isControl } = header
    assert.deepEqual(
      { producerId, producerEpoch, baseSequence, isTransactional, isControl },
      { producerId: 2 ** 40 + 3, producerEpoch: 7, baseSequence: 2147483647, isTransactional: true, isControl: false },
    )
    assert.equal(header.maxTimestamp, -1)
  })
})
