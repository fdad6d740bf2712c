import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvalidRecordError } from '../../../src/broker/log/index.ts'
import { ErrorCode, ProtocolError } from '../../../src/protocol/errors.ts'
import { sealCrc } from '../../../src/protocol/records/batch.ts'
import {
  buildControlBatch,
  type CompressionType,
  compressionTypes,
  readBatchHeader,
} from '../../../src/protocol/records/index.ts'
import { appendBatch, batchOf, fakeClock, numbered, openLog, readAll, START_MS, temporaryFolder } from './support.ts'

/** Changes a batch and makes its CRC right again. */
function patched(batch: Uint8Array, change: (view: DataView) => void): Uint8Array {
  const copy = Uint8Array.from(batch)
  change(new DataView(copy.buffer))
  sealCrc(copy, 0)
  return copy
}

function failsWith(code: number): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ProtocolError)
    assert.equal(error.code, code, error.message)
    return true
  }
}

test('appends get consecutive offsets in the order of the calls and are read back as sent', async (t) => {
  const log = await openLog(await temporaryFolder(t))
  const results = await Promise.all(
    [3, 1, 2].map((count, i) => log.append(numbered(`b${i}`, count), { origin: 'client', requireFlush: i === 1 })),
  )
  assert.deepEqual(
    results.map(({ baseOffset, lastOffset, logAppendTime, logStartOffset }) => [
      baseOffset,
      lastOffset,
      logAppendTime,
      logStartOffset,
    ]),
    [
      [0, 2, -1, 0],
      [3, 3, -1, 0],
      [4, 5, -1, 0],
    ],
  )
  assert.deepEqual(
    (await readAll(log)).map(({ offset, key }) => `${offset} ${key}`),
    ['0 b0-0', '1 b0-1', '2 b0-2', '3 b1-0', '4 b2-0', '5 b2-1'],
  )
  await log.close()
})

const oneRecord = (): Uint8Array => numbered('k', 1)

const refused: readonly [string, () => Uint8Array, number][] = [
  ['no bytes at all', () => new Uint8Array(0), ErrorCode.INVALID_RECORD],
  ['two batches', () => Buffer.concat([oneRecord(), oneRecord()]), ErrorCode.INVALID_RECORD],
  [
    'a base offset that is not 0',
    () => patched(oneRecord(), (view) => view.setBigInt64(0, 7n)),
    ErrorCode.INVALID_RECORD,
  ],
  ['an older format', () => patched(oneRecord(), (view) => view.setInt8(16, 1)), ErrorCode.INVALID_RECORD],
  ['a batch above max.message.bytes', () => batchOf([{ value: 'x'.repeat(2000) }]), ErrorCode.MESSAGE_TOO_LARGE],
  ['a batch that is cut', () => oneRecord().subarray(0, -1), ErrorCode.CORRUPT_MESSAGE],
  ['a length that no batch has', () => patchedLength(oneRecord(), 3), ErrorCode.CORRUPT_MESSAGE],
  ['a flipped bit in the records', () => flipped(oneRecord(), 70), ErrorCode.CORRUPT_MESSAGE],
  ['a batch without records', () => patched(oneRecord(), (view) => view.setInt32(57, 0)), ErrorCode.INVALID_RECORD],
  [
    'a last offset delta that does not fit',
    () => patched(oneRecord(), (view) => view.setInt32(23, 5)),
    ErrorCode.INVALID_RECORD,
  ],
  ['offset deltas with a gap', () => patched(oneRecord(), (view) => view.setInt8(64, 2)), ErrorCode.INVALID_RECORD],
  ['an unknown codec', () => patched(oneRecord(), (view) => view.setInt16(21, 5)), ErrorCode.CORRUPT_MESSAGE],
  [
    'a codec that the records are not in',
    () => patched(oneRecord(), (view) => view.setInt16(21, 4)),
    ErrorCode.CORRUPT_MESSAGE,
  ],
  [
    'a control batch from a client',
    () =>
      buildControlBatch({ type: 'commit', producerId: 1, producerEpoch: 0, coordinatorEpoch: 0, timestamp: START_MS }),
    ErrorCode.INVALID_RECORD,
  ],
  [
    'a producer id without a sequence',
    () => numbered('k', 1, { producerId: 4, producerEpoch: 0 }),
    ErrorCode.INVALID_RECORD,
  ],
  ['a timestamp too far ahead', () => batchOf([{ timestamp: START_MS + 3600001 }]), ErrorCode.INVALID_TIMESTAMP],
  ['a timestamp too far back', () => batchOf([{ timestamp: START_MS - 1001 }]), ErrorCode.INVALID_TIMESTAMP],
  [
    'a timestamp type set by a client',
    () => patched(oneRecord(), (view) => view.setInt16(21, 8)),
    ErrorCode.INVALID_TIMESTAMP,
  ],
]

function patchedLength(batch: Uint8Array, length: number): Uint8Array {
  const copy = Uint8Array.from(batch)
  new DataView(copy.buffer).setInt32(8, length)
  return copy
}

function flipped(batch: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(batch)
  copy[at] = (copy[at] as number) ^ 1
  return copy
}

for (const [what, make, code] of refused) {
  test(`an append of ${what} is refused and leaves the log as it was`, async (t) => {
    const log = await openLog(
      await temporaryFolder(t),
      { maxMessageBytes: 1000, messageTimestampBeforeMaxMs: 1000 },
      { now: fakeClock().now },
    )
    await assert.rejects(log.append(make(), { origin: 'client', requireFlush: true }), failsWith(code))
    assert.equal(log.logEndOffset, 0)
    assert.equal(await appendBatch(log, oneRecord()), 0)
    await log.close()
  })
}

test('a batch larger than a segment is refused', async (t) => {
  const log = await openLog(await temporaryFolder(t), { segmentBytes: 500 })
  await assert.rejects(
    log.append(batchOf([{ value: 'x'.repeat(600) }]), { origin: 'client', requireFlush: false }),
    failsWith(ErrorCode.RECORD_LIST_TOO_LARGE),
  )
  await log.close()
})

test('a compacted topic names each record that has no key', async (t) => {
  const log = await openLog(await temporaryFolder(t), { compact: true })
  const batch = batchOf([{ key: 'a' }, { key: null }, { key: 'b' }, { key: null }])
  await assert.rejects(log.append(batch, { origin: 'client', requireFlush: false }), (error) => {
    assert.ok(error instanceof InvalidRecordError)
    assert.equal(error.code, ErrorCode.INVALID_RECORD)
    assert.deepEqual(
      error.recordErrors.map(({ batchIndex }) => batchIndex),
      [1, 3],
    )
    return true
  })
  await log.close()
})

test('with LogAppendTime every record has the time of the append, which the answer names', async (t) => {
  const clock = fakeClock()
  clock.ms += 5000
  const log = await openLog(await temporaryFolder(t), { messageTimestampType: 'LogAppendTime' }, { now: clock.now })
  const { logAppendTime } = await log.append(numbered('k', 2, { compression: 'gzip', timestamp: 1 }), {
    origin: 'client',
    requireFlush: false,
  })
  assert.equal(logAppendTime, clock.ms)
  assert.deepEqual(
    (await readAll(log)).map(({ timestamp }) => timestamp),
    [clock.ms, clock.ms],
  )
  await log.close()
})

test('a max timestamp that the records do not have is corrected', async (t) => {
  const log = await openLog(await temporaryFolder(t), {}, { now: fakeClock().now })
  await appendBatch(
    log,
    patched(numbered('k', 2), (view) => view.setBigInt64(35, BigInt(START_MS + 99999))),
  )
  const { records } = await log.read(0, 1000, { minOneBatch: true, isolation: 'read_uncommitted' })
  assert.equal(readBatchHeader(records, 0).maxTimestamp, START_MS)
  await readAll(log)
  await log.close()
})

for (const wanted of compressionTypes) {
  for (const sent of ['none', 'zstd'] satisfies CompressionType[]) {
    test(`compression.type=${wanted} stores a batch sent with ${sent} in ${wanted}`, async (t) => {
      const log = await openLog(await temporaryFolder(t), { compressionType: wanted })
      await appendBatch(log, numbered('k', 50, { compression: sent }))
      const { records } = await log.read(0, 100000, { minOneBatch: true, isolation: 'read_uncommitted' })
      assert.equal(readBatchHeader(records, 0).compression, wanted)
      const all = await readAll(log)
      assert.equal(all.length, 50)
      assert.equal(all[49]?.value, 'value of k-49')
      await log.close()
    })
  }
}
