import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import { createRecordsBatch, Reader, readRecordsBatch } from '@platformatic/kafka'
import { compressionTypes, decodeBatch, RecordBatchBuilder } from '../../../src/protocol/records/index.ts'

// Batches are exchanged with the codecs of two other clients, in both directions.

interface KafkajsRecord {
  offset: string
  timestamp: string
  key: Buffer | null
  value: Buffer | null
  headers: Record<string, Buffer>
}
type Kafkajs = {
  Decoder: new (bytes: Buffer) => object
  Encoder: new () => { buffer: Buffer }
  decode(decoder: object): Promise<{ records: KafkajsRecord[]; producerId: string; inTransaction: boolean }>
  encodeBatch(options: object): Promise<{ buffer: Buffer }>
  encodeRecord(options: object): object
}

const require = createRequire(import.meta.url)
const kafkajs = {
  Decoder: require('kafkajs/src/protocol/decoder'),
  Encoder: require('kafkajs/src/protocol/encoder'),
  decode: require('kafkajs/src/protocol/recordBatch/v0/decoder'),
  encodeBatch: require('kafkajs/src/protocol/recordBatch/v0').RecordBatch,
  encodeRecord: require('kafkajs/src/protocol/recordBatch/record/v0'),
} as Kafkajs

const start = 1_700_000_000_000
const rows = Array.from({ length: 150 }, (_, i) => ({
  timestamp: start + (i % 10) * 100_000,
  key: i % 4 === 0 ? null : Buffer.from(`key-${i}`),
  value: i % 7 === 0 ? null : Buffer.from(`value ${i} `.repeat(i)),
  headers: i % 5 === 0 ? [{ key: 'source', value: Buffer.from(`h${i}`) }] : [],
}))

function ourBatch(compression: (typeof compressionTypes)[number]): Buffer {
  const builder = new RecordBatchBuilder({ compression })
  for (const row of rows) builder.append(row)
  return Buffer.from(builder.build({ producerId: 4711, producerEpoch: 1, baseSequence: 0, transactional: true }))
}

describe('kafkajs', () => {
  for (const type of ['none', 'gzip'] as const) {
    test(`reads our ${type} batches`, async () => {
      const decoded = await kafkajs.decode(new kafkajs.Decoder(ourBatch(type)))
      assert.equal(decoded.producerId, '4711')
      assert.equal(decoded.inTransaction, true)
      assert.equal(decoded.records.length, rows.length)
      for (const [i, row] of rows.entries()) {
        const record = decoded.records[i] as KafkajsRecord
        assert.equal(record.offset, String(i))
        assert.equal(record.timestamp, String(row.timestamp))
        assert.deepEqual(record.key, row.key)
        assert.deepEqual(record.value, row.value)
        assert.deepEqual(
          Object.entries(record.headers),
          row.headers.map(({ key, value }) => [key, value]),
        )
      }
    })

    test(`writes ${type} batches that we read`, async () => {
      const records = rows.map((row, i) =>
        kafkajs.encodeRecord({
          offsetDelta: i,
          timestampDelta: row.timestamp - start,
          key: row.key,
          value: row.value,
          headers: Object.fromEntries(row.headers.map(({ key, value }) => [key, value])),
        }),
      )
      const { buffer } = await kafkajs.encodeBatch({
        compression: compressionTypes.indexOf(type),
        firstTimestamp: start,
        maxTimestamp: start + 900_000,
        lastOffsetDelta: rows.length - 1,
        records,
      })
      const columns = decodeBatch(buffer, 0, { verifyCrc: true })
      assert.equal(columns.count, rows.length)
      for (const [i, row] of rows.entries()) {
        assert.equal(columns.offsets[i], i)
        assert.equal(columns.timestamps[i], row.timestamp)
        assert.deepEqual(columns.key(i), row.key)
        assert.deepEqual(columns.value(i), row.value)
        assert.deepEqual(columns.headers(i), row.headers)
      }
    })
  }
})

describe('@platformatic/kafka', () => {
  for (const type of compressionTypes) {
    test(`reads our ${type} batches`, () => {
      const batch = readRecordsBatch(Reader.from(ourBatch(type)))
      assert.equal(batch.producerId, 4711n)
      assert.equal(batch.records.length, rows.length)
      for (const [i, row] of rows.entries()) {
        const record = batch.records[i]
        assert.equal(record?.offsetDelta, i)
        assert.equal(Number(batch.firstTimestamp + (record?.timestampDelta ?? 0n)), row.timestamp)
        assert.deepEqual(record?.key, row.key)
        assert.deepEqual(record?.value, row.value)
        assert.deepEqual(
          record?.headers,
          row.headers.map(({ key, value }) => [Buffer.from(key), value]),
        )
      }
    })

    test(`writes ${type} batches that we read`, () => {
      const messages = rows
        .filter((row) => row.value !== null && row.key !== null)
        .map((row) => ({
          topic: 't',
          key: row.key as Buffer,
          value: row.value as Buffer,
          timestamp: BigInt(row.timestamp),
        }))
      const bytes = createRecordsBatch(messages, { compression: type }).buffer
      const columns = decodeBatch(bytes, 0, { verifyCrc: true })
      assert.equal(columns.header.compression, type)
      assert.equal(columns.count, messages.length)
      for (const [i, message] of messages.entries()) {
        assert.equal(columns.timestamps[i], Number(message.timestamp))
        assert.deepEqual(columns.key(i), message.key)
        assert.deepEqual(columns.value(i), message.value)
      }
    })
  }
})
