import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildControlBatch } from '../../../src/protocol/records/index.ts'
import { appendBatch, fakeClock, numbered, openLog, readAll, START_MS, temporaryFolder } from './support.ts'

// The files of a small log as they are on disk, in hex. Kafka's dump tool finds nothing wrong with such files (see
// test/compat/dump-log-segments.test.ts), so what this version writes and reads may not change. After a change on purpose:
// MILLRACE_UPDATE_GOLDEN=1 node --test test/broker/log/golden.test.ts

const GOLDEN = join(import.meta.dirname, '../../fixtures/log')
const CONFIG = { segmentBytes: 700, indexIntervalBytes: 100 }
const END_OFFSET = 24

async function writeLog(folder: string): Promise<void> {
  const log = await openLog(folder, CONFIG, { now: fakeClock().now })
  for (let i = 0; i < 6; i++) await appendBatch(log, numbered(`k${i}`, 3, { timestamp: START_MS + ((i * 7) % 5) }))
  const producer = { producerId: 1001, producerEpoch: 2, transactional: true }
  await appendBatch(log, numbered('t', 2, { ...producer, baseSequence: 0 }))
  await appendBatch(log, numbered('p', 1, { producerId: 1002, producerEpoch: 0, baseSequence: 2147483647 }))
  const abort = {
    type: 'abort',
    producerId: 1001,
    producerEpoch: 2,
    coordinatorEpoch: 3,
    timestamp: START_MS + 9,
  } as const
  await log.append(buildControlBatch(abort), { origin: 'coordinator', requireFlush: false })
  await appendBatch(log, numbered('t', 2, { ...producer, baseSequence: 2 }), true)
  await log.close()
}

async function filesOf(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const name of (await readdir(folder)).sort())
    files.set(name, (await readFile(join(folder, name))).toString('hex'))
  return files
}

async function golden(): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const name of (await readdir(GOLDEN)).sort()) {
    files.set(name.replace(/\.hex$/, ''), (await readFile(join(GOLDEN, name))).toString().replace(/\s/g, ''))
  }
  return files
}

test('segments, indexes, snapshots and checkpoints are written byte for byte as ever', async (t) => {
  const folder = await temporaryFolder(t)
  await writeLog(folder)
  const written = await filesOf(join(folder, 't-0'))
  if (process.env.MILLRACE_UPDATE_GOLDEN !== undefined) {
    await mkdir(GOLDEN, { recursive: true })
    for (const [name, hex] of written) {
      await writeFile(join(GOLDEN, `${name}.hex`), `${hex.replace(/.{1,120}/g, '$&\n')}`)
    }
  }
  assert.deepEqual(written, await golden())
  assert.ok([...written.keys()].some((name) => name.endsWith('.txnindex')))
})

for (const isClean of [true, false]) {
  test(`such a log is read ${isClean ? 'after a clean stop' : 'and checked after a crash'}`, async (t) => {
    const folder = await temporaryFolder(t)
    await mkdir(join(folder, 't-0'))
    for (const [name, hex] of await golden()) await writeFile(join(folder, 't-0', name), Buffer.from(hex, 'hex'))
    const log = await openLog(folder, CONFIG, { isClean, recoveryPoint: isClean ? END_OFFSET : 0 })
    assert.deepEqual([log.logStartOffset, log.logEndOffset, log.lastStableOffset], [0, END_OFFSET, 22])
    assert.equal((await readAll(log)).length, END_OFFSET - 1)
    assert.deepEqual(
      log
        .activeProducers()
        .map(({ producerId, epoch, transactionFirstOffset, coordinatorEpoch }) => [
          producerId,
          epoch,
          transactionFirstOffset,
          coordinatorEpoch,
        ]),
      [
        [1001, 2, 22, 3],
        [1002, 0, -1, -1],
      ].sort((a, b) => (isClean ? Number(a[2]) - Number(b[2]) : 0)),
    )
    const { abortedTransactions } = await log.read(0, 1e6, { minOneBatch: true, isolation: 'read_committed' })
    assert.deepEqual(abortedTransactions, [])
    const later = await log.read(18, 1e6, { minOneBatch: true, isolation: 'read_committed' })
    assert.deepEqual(later.abortedTransactions, [{ producerId: 1001, firstOffset: 18 }])
    await log.close()
  })
}
