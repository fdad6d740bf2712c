import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import { silentLogger } from '../../src/base/logger.ts'
import { defaultLogConfig, type LogConfig, LogManager, type PartitionLog } from '../../src/broker/log/index.ts'
import { buildControlBatch, compressionTypes } from '../../src/protocol/records/index.ts'
import { appendBatch, batchOf, numbered, openLog, readAll, START_MS, temporaryFolder } from '../broker/log/support.ts'
import { kafkaLibs, kafkaLibsReason } from '../support/kafka-libs.ts'
import { KafkaTools } from '../support/kafka-tools.ts'

// Apache Kafka's own tool reads what we write: every batch, every record, every index entry.

const classPath = await kafkaLibs()
const skip = classPath === null ? kafkaLibsReason() : false
const kafka = new KafkaTools(classPath ?? '')
after(() => kafka.close())

const SEGMENTS: Partial<LogConfig> = { segmentBytes: 4000, indexIntervalBytes: 500, messageTimestampAfterMaxMs: 1e12 }

/** What the tool says about these files; fails when it finds anything wrong. */
async function dump(files: readonly string[], ...options: string[]): Promise<string> {
  const dumping = ['--files', files.join(','), ...options]
  const printed = await kafka.succeed('org.apache.kafka.tools.DumpLogSegments', dumping)
  const complaints = printed
    .split('\n')
    .filter((line) => /mismatch|isvalid: false|error|exception|out of order|Found timestamp|corrupt/i.test(line))
  assert.deepEqual(complaints, [])
  return printed
}

/** Dumps all files of a partition in every way; gives the text about the `.log` files. */
async function dumpAll(folder: string): Promise<{ text: string; files: string[] }> {
  const names = (await readdir(folder)).filter((name) => /\.(log|index|timeindex|txnindex|snapshot)$/.test(name))
  const files = names.sort().map((name) => join(folder, name))
  const indexes = files.filter((name) => /\.(index|timeindex)$/.test(name))
  const sanity = await dump(indexes, '--index-sanity-check')
  for (const index of indexes) {
    assert.ok(sanity.includes(`${index} passed sanity check.`) || sanity.includes(`${index} is empty.`), sanity)
  }
  assert.match(sanity, /passed sanity check/)
  await dump(indexes, '--verify-index-only')
  return { text: await dump(files, '--deep-iteration', '--print-data-log'), files }
}

async function fill(log: PartitionLog): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const compression = compressionTypes[i % compressionTypes.length] ?? 'none'
    // Timestamps go back and forth, so that the time index has something to leave out.
    await appendBatch(log, numbered(`k${i}`, 1 + (i % 9), { compression, timestamp: START_MS + ((i * 7) % 50) }))
  }
}

test('Kafka finds nothing wrong with segments and indexes after a clean stop', { skip }, async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openLog(folder, SEGMENTS)
  await fill(log)
  const end = log.logEndOffset
  assert.ok(log.segments.length > 3)
  await log.close()
  const { text } = await dumpAll(log.folder)
  assert.equal(text.match(/^\| offset: /gm)?.length, end)
  assert.match(text, new RegExp(`^\\| offset: ${end - 1} `, 'm'))
})

test('Kafka finds nothing wrong with what recovery built after a crash', { skip }, async (t) => {
  const folder = await temporaryFolder(t)
  let log = await openLog(folder, SEGMENTS)
  await fill(log)
  await log.abandon()
  log = await openLog(folder, SEGMENTS)
  await fill(log)
  const end = log.logEndOffset
  await log.close()
  const { text } = await dumpAll(log.folder)
  assert.equal(text.match(/^\| offset: /gm)?.length, end)
})

test('Kafka reads append times that we stamped', { skip }, async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openLog(folder, { ...SEGMENTS, messageTimestampType: 'LogAppendTime' })
  await fill(log)
  await log.close()
  const { text } = await dumpAll(log.folder)
  assert.doesNotMatch(text, /CreateTime: \d/)
  assert.match(text, /LogAppendTime: \d/)
})

test('Kafka reads producer snapshots and the index of aborted transactions', { skip }, async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openLog(folder, SEGMENTS)
  const send = (producerId: number, baseSequence: number) =>
    appendBatch(log, numbered('t', 2, { producerId, producerEpoch: 1, baseSequence, transactional: true }))
  await send(4001, 0)
  await send(4002, 5)
  await log.append(
    buildControlBatch({ type: 'abort', producerId: 4001, producerEpoch: 1, coordinatorEpoch: 9, timestamp: START_MS }),
    { origin: 'coordinator', requireFlush: true },
  )
  await log.close()
  const { text } = await dumpAll(log.folder)
  assert.match(text, /endTxnMarker: ABORT coordinatorEpoch: 9/)
  assert.match(text, /version: 0 producerId: 4001 firstOffset: 0 lastOffset: 4 lastStableOffset: 2/)
  assert.match(text, /producerId: 4001 producerEpoch: 1 coordinatorEpoch: 9 currentTxnFirstOffset: OptionalLong\.empty/)
  assert.match(text, /producerId: 4002 producerEpoch: 1 coordinatorEpoch: -1 currentTxnFirstOffset: OptionalLong\[2\]/)
  assert.match(text, /lastSequence: 6 lastOffset: 3 offsetDelta: 1/)
})

test('Kafka finds nothing wrong with cleaned segments', { skip }, async (t) => {
  const { log, manager } = await cleaned(t)
  const records = await readAll(log)
  assert.ok(records.length < log.logEndOffset / 2)
  await manager.close()
  const { text } = await dumpAll(log.folder)
  assert.equal(text.match(/^\| offset: /gm)?.length, records.length)
  assert.match(text, /deleteHorizonMs: (OptionalLong\[)?\d/)
})

async function cleaned(t: TestContext): Promise<{ log: PartitionLog; manager: LogManager }> {
  const folder = await temporaryFolder(t)
  const config = { ...defaultLogConfig, ...SEGMENTS, compact: true, delete: false }
  const manager = await LogManager.open({ logDirs: [folder], defaults: config, logger: silentLogger })
  await manager.create('t', 1, 'AAAAAAAAAAAAAAAAAAAAAA', config)
  const log = manager.get('t', 0) as PartitionLog
  for (let i = 0; i < 400; i++) {
    const compression = compressionTypes[i % compressionTypes.length] ?? 'none'
    const value = i % 10 === 0 ? null : `value ${i}`
    const records = [
      { key: `k${i % 23}`, value, timestamp: START_MS + i },
      { key: `only-${i}`, value: i % 4 === 0 ? 'x' : null },
      { key: 'same', value: `${i}` },
    ]
    await appendBatch(log, batchOf(records, { compression }))
  }
  assert.ok((await manager.clean()) > 0)
  return { log, manager }
}
