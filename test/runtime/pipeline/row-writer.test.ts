import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { jsonConverter, simpleHeaderConverter, stringConverter } from '../../../src/converters/index.ts'
import {
  type Converter,
  type HeaderConverter,
  type RowBatch,
  type RowWriter,
  rowRecord,
} from '../../../src/connect/index.ts'
import { decodeBatch, RecordBatchBuilder } from '../../../src/protocol/records/index.ts'
import { type OpenBatch, RecordBatcher } from '../../../src/runtime/pipeline/record-batcher.ts'
import type { RecordConverters } from '../../../src/runtime/pipeline/record-converters.ts'
import { RowBatchWriter } from '../../../src/runtime/pipeline/row-writer.ts'
import { SourcePipeline } from '../../../src/runtime/pipeline/source-pipeline.ts'
import { TransformChain } from '../../../src/runtime/pipeline/transform-chain.ts'
import { SubmittedRecords } from '../../../src/runtime/tasks/submitted-records.ts'
import { randomBatch } from '../../support/row-batches.ts'

interface Sent {
  partition: number
  key: string | null
  value: string | null
  timestamp: number
  headers: [key: string, value: string | null][]
}

const text = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString('latin1')

function json(schemas: boolean): Converter {
  return jsonConverter.create(jsonConverter.config.parse({ 'schemas.enable': String(schemas) }), 'value')
}

function converters(key: Converter, value: Converter): RecordConverters {
  const header = simpleHeaderConverter.create(simpleHeaderConverter.config.parse({})) as HeaderConverter
  return { key, value, header, keyClass: 'Key', valueClass: 'Value', headerClass: 'Header' }
}

function collector(sizes: { targetBytes: number; largestBytes: number }): {
  batcher: RecordBatcher
  sent: Sent[]
  batches: number[]
} {
  const sent: Sent[] = []
  const batches: number[] = []
  const batcher = new RecordBatcher({
    ...sizes,
    lingerMs: 60_000,
    compression: 'none',
    onStored: () => {},
    onFailed: (_batch: OpenBatch, error: unknown) => {
      throw error
    },
    send: (_topic, partition, builder: RecordBatchBuilder) => {
      const columns = decodeBatch(builder.build(), 0)
      batches.push(columns.count)
      for (let i = 0; i < columns.count; i++) {
        sent.push({
          partition,
          key: text(columns.key(i)),
          value: text(columns.value(i)),
          timestamp: columns.timestamps[i] as number,
          headers: columns.hasHeaders(i) ? columns.headers(i).map(({ key, value }) => [key, text(value)]) : [],
        })
      }
      return Promise.resolve({ baseOffset: 0 })
    },
  })
  return { batcher, sent, batches }
}

const byPartition = (sent: Sent[]): Sent[] => sent.toSorted((a, b) => a.partition - b.partition)

test('rows written straight into record batches are the records of the ordinary path, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(randomBatch, fc.boolean(), fc.constantFrom(300, 100_000), async (random, schemas, targetBytes) => {
      const batch: RowBatch = {
        ...random,
        plan: { ...random.plan, kafkaPartition: random.plan.kafkaPartition ?? (random.plan.key === null ? 0 : null) },
      }
      const pipeline = new SourcePipeline(new TransformChain([]), converters(json(schemas), json(schemas)))
      const sizes = { targetBytes, largestBytes: 1_000_000 }
      const compiled = pipeline.compile(batch.plan)
      assert.ok(compiled !== null && compiled !== 'dropped')
      const fast = collector(sizes)
      const submitted = new SubmittedRecords()
      const submission = submitted.open(batch.sourcePartition)
      const written = new RowBatchWriter(fast.batcher, pipeline).write(batch, compiled, 0, 6, submission, 7)
      assert.deepEqual(written, { next: batch.rows, fault: null })
      assert.equal(submitted.outstanding, batch.rows)
      fast.batcher.flush()
      await fast.batcher.settled()
      submission.seal(batch.sourceOffset)
      assert.deepEqual(submitted.takeCommittable(), [{ partition: batch.sourcePartition, offset: batch.sourceOffset }])

      const ordinary = collector(sizes)
      const other = new SubmittedRecords().open(batch.sourcePartition)
      for (let row = 0; row < batch.rows; row++) {
        const record = pipeline.convert(rowRecord(batch, row), 7)
        assert.ok(record)
        ordinary.batcher.append(record, 6, other)
      }
      ordinary.batcher.flush()
      await ordinary.batcher.settled()
      assert.deepEqual(byPartition(fast.sent), byPartition(ordinary.sent))
    }),
    { numRuns: 200 },
  )
})

function numberBatch(rows: number): RowBatch {
  const digits = Array.from({ length: rows }, (_, row) => String(row))
  const ends = new Int32Array(rows)
  const starts = new Int32Array(rows)
  let position = 0
  for (const [row, digit] of digits.entries()) {
    starts[row] = position
    position += digit.length
    ends[row] = position
  }
  return {
    plan: {
      topic: 't',
      kafkaPartition: null,
      key: null,
      value: { schema: { type: 'STRUCT', optional: false, fields: [] }, columns: [] },
      timestamp: null,
    },
    bytes: Buffer.from(digits.join('')),
    starts,
    ends,
    rows,
    cellsPerRow: 1,
    sourcePartition: {},
    sourceOffset: null,
  }
}

function writing(writeValue: RowWriter): RecordConverters {
  const string = stringConverter.create(stringConverter.config.parse({}), 'key')
  const value = json(false)
  return converters(string, {
    fromConnectData: value.fromConnectData.bind(value),
    toConnectData: value.toConnectData.bind(value),
    rowWriter: () => writeValue,
  })
}

test('a row that cannot be written stops the batch there, and what was begun of it leaves no trace', async () => {
  const batch = numberBatch(5)
  const pipeline = new SourcePipeline(
    new TransformChain([]),
    writing((out, { bytes, starts, ends }, row) => {
      out.reserve(100)
      for (let i = starts[row] as number; i < (ends[row] as number); i++) out.bytes[out.position++] = bytes[i] as number
      if (row === 2) throw new Error('bad cell')
    }),
  )
  const { batcher, sent } = collector({ targetBytes: 10_000, largestBytes: 100_000 })
  const writer = new RowBatchWriter(batcher, pipeline)
  const compiled = pipeline.compile(batch.plan)
  assert.ok(compiled !== null && compiled !== 'dropped')
  const submitted = new SubmittedRecords()
  const submission = submitted.open({})
  const first = writer.write(batch, compiled, 0, 1, submission, 1)
  assert.equal(first.next, 2)
  assert.equal(first.fault?.stage, 'VALUE_CONVERTER')
  assert.equal(submitted.outstanding, 2)
  assert.deepEqual(writer.write(batch, compiled, 3, 1, submission, 1), { next: 5, fault: null })
  batcher.flush()
  await batcher.settled()
  assert.deepEqual(
    sent.map(({ value }) => value),
    ['0', '1', '3', '4'],
  )
  assert.equal(submitted.outstanding, 0)
})

test('batches are cut at the target size, and a row that would make one too large gets its own', async () => {
  const batch = numberBatch(6)
  const pipeline = new SourcePipeline(
    new TransformChain([]),
    writing((out, { starts, ends, bytes }, row) => {
      const size = row === 3 ? 1500 : 100
      out.reserve(size)
      out.bytes.fill(bytes.subarray(starts[row], ends[row])[0] as number, out.position, out.position + size)
      out.position += size
    }),
  )
  const { batcher, sent, batches } = collector({ targetBytes: 1000, largestBytes: 1200 })
  const compiled = pipeline.compile(batch.plan)
  assert.ok(compiled !== null && compiled !== 'dropped')
  const submitted = new SubmittedRecords()
  const submission = submitted.open({})
  new RowBatchWriter(batcher, pipeline).write(batch, compiled, 0, 1, submission, 1)
  batcher.flush()
  await batcher.settled()
  assert.deepEqual(
    sent.map(({ value }) => value?.[0]),
    ['0', '1', '2', '3', '4', '5'],
  )
  assert.deepEqual(batches, [3, 1, 2])
  assert.equal(submitted.outstanding, 0)
})

test('a batch that is not full is sent when its time is over', async () => {
  const sent = Promise.withResolvers<number>()
  const batcher = new RecordBatcher({
    targetBytes: 10_000,
    largestBytes: 100_000,
    lingerMs: 5,
    compression: 'none',
    onStored: () => {},
    onFailed: () => {},
    send: (_topic, _partition, builder) => {
      sent.resolve(builder.count)
      return Promise.resolve({ baseOffset: 0 })
    },
  })
  const submission = new SubmittedRecords().open({})
  const record = { topic: 't', partition: null, key: null, value: Buffer.from('x'), headers: undefined, timestamp: 1 }
  batcher.append(record, 1, submission)
  batcher.append(record, 1, submission)
  assert.equal(await sent.promise, 2)
})
