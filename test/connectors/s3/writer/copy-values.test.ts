import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GrowableBytes, type SinkBatch } from 'millrace/connect'
import { copyValues } from '../../../../connectors/s3/writer/copy-values.ts'

/** Values of a batch with gaps of the given lengths before them. */
function batchOf(values: readonly Uint8Array[], gaps: readonly number[]): SinkBatch {
  const starts: number[] = []
  const ends: number[] = []
  const pieces: Uint8Array[] = []
  let position = 0
  values.forEach((value, i) => {
    const gap = gaps[i % gaps.length] as number
    pieces.push(Buffer.alloc(gap, '#'), value)
    starts.push(position + gap)
    position += gap + value.length
    ends.push(position)
  })
  const none = new Int32Array(values.length).fill(-1)
  return {
    topic: 't',
    partition: 0,
    count: values.length,
    offsets: new Float64Array(values.length),
    timestamps: new Float64Array(values.length),
    bytes: Buffer.concat(pieces),
    keyStarts: none,
    keyEnds: none,
    valueStarts: Int32Array.from(starts),
    valueEnds: Int32Array.from(ends),
    valueFormat: 'bytes',
    records: () => [],
  }
}

/** The plain way: a value, a separator, until the limit is reached. */
function expected(batch: SinkBatch, from: number, separator: Uint8Array, limit: number): [number, Buffer] {
  const pieces: Uint8Array[] = []
  let length = 0
  let i = from
  for (; i < batch.count && length < limit; i++) {
    const value = batch.bytes.subarray(batch.valueStarts[i], batch.valueEnds[i])
    pieces.push(value, separator)
    length += value.length + separator.length
  }
  return [i, Buffer.concat(pieces)]
}

const values = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 60 })
const gaps = fc.array(fc.oneof(fc.constant(0), fc.nat(9), fc.nat(300)), { minLength: 1, maxLength: 60 })

test('values are copied with their separators whatever lies between them, up to the limit', () => {
  fc.assert(
    fc.property(
      values,
      gaps,
      fc.string({ maxLength: 5 }),
      fc.integer({ min: 1, max: 900 }),
      fc.nat(3),
      (all, between, text, limit, from) => {
        const batch = batchOf(all, between)
        const separator = Buffer.from(text)
        const out = new GrowableBytes(1)
        const next = copyValues(out, batch, Math.min(from, batch.count), batch.count, separator, limit)
        const [wanted, bytes] = expected(batch, Math.min(from, batch.count), separator, limit)
        assert.equal(next, wanted)
        assert.deepEqual(Buffer.from(out.copy()), bytes)
      },
    ),
    { numRuns: 500 },
  )
})

test('batches larger than one stretch, and values that lie out of order, are copied right', () => {
  const large = Array.from({ length: 4000 }, (_, i) => Buffer.from(`${i}`.repeat(i % 50)))
  for (const gap of [0, 7]) {
    const batch = batchOf(large, [gap])
    const turned: SinkBatch = {
      ...batch,
      valueStarts: batch.valueStarts.toReversed(),
      valueEnds: batch.valueEnds.toReversed(),
    }
    for (const one of [batch, turned]) {
      const out = new GrowableBytes(1)
      assert.equal(copyValues(out, one, 0, one.count, Buffer.from('\n'), Infinity), one.count)
      assert.ok(Buffer.from(out.copy()).equals(expected(one, 0, Buffer.from('\n'), Infinity)[1]))
    }
  }
})
