import fc from 'fast-check'
import { type CompressionType, compressionTypes, type RecordInput } from '../../../src/protocol/records/index.ts'

/** Field contents around the lengths where varints change their width. */
export const bytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.uint8Array({ minLength: 60, maxLength: 70 }),
  fc.integer({ min: 8180, max: 8200 }).map((length) => new Uint8Array(length).fill(length)),
)

export const nullableBytes = fc.option(bytes, { nil: null, freq: 5 })

export const timestamp = fc.oneof(
  fc.constant(-1),
  fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }),
  fc.integer({ min: -(2 ** 51), max: 2 ** 51 }),
)

export const headers = fc.array(
  fc.record(
    { key: fc.string({ unit: 'grapheme', maxLength: 12 }), value: fc.option(fc.uint8Array(), { nil: null }) },
    { noNullPrototype: true },
  ),
  { maxLength: 4 },
)

export const record: fc.Arbitrary<Required<RecordInput>> = fc.record(
  {
    timestamp,
    key: nullableBytes,
    value: nullableBytes,
    headers: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, headers),
  },
  { noNullPrototype: true },
)

export const records = fc.array(record, { minLength: 1, maxLength: 80 })

export const compression: fc.Arbitrary<CompressionType> = fc.constantFrom(...compressionTypes)
