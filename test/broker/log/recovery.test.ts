import assert from 'node:assert/strict'
import { cp, mkdir, readdir, readFile, rename, truncate, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { PartitionLog } from '../../../src/broker/log/index.ts'
import { appendBatch, keysOf, numbered, openLog, readAll, readFrom, temporaryFolder } from './support.ts'

const CONFIG = { segmentBytes: 2000, indexIntervalBytes: 300 }

/** A folder as a crash leaves it: copied while the log is open. */
async function crashed(log: PartitionLog, to: string): Promise<void> {
  await cp(log.folder, join(to, 't-0'), { recursive: true })
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(join(folder, 't-0'))).sort()
}

function keys(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}-${i}`)
}

test('a last batch that is cut or damaged anywhere is taken away, and everything before it stays', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openLog(join(folder, 'original'))
  await appendBatch(log, numbered('a', 3, { producerId: 1, producerEpoch: 0, baseSequence: 0 }))
  const last = numbered('b', 2, { producerId: 1, producerEpoch: 0, baseSequence: 3 })
  await appendBatch(log, Uint8Array.from(last), true)
  const bytes = await readFile(join(log.folder, '00000000000000000000.log'))
  await log.close()
  const start = bytes.length - last.length
  const damages: [string, Buffer][] = []
  // The leader epoch (12 to 15) is the one field that neither the checksum nor a rule covers.
  const covered = Array.from({ length: last.length }, (_, i) => i).filter((i) => i < 12 || i > 15)
  for (const at of covered) {
    if (at > 70 && at % 7 !== 0) continue
    damages.push([`cut at ${at}`, bytes.subarray(0, start + at)])
    const flipped = Buffer.from(bytes)
    flipped[start + at] = (flipped[start + at] as number) ^ 0x40
    damages.push([`flipped at ${at}`, flipped])
  }
  damages.push(['followed by zeros', Buffer.concat([bytes.subarray(0, start), Buffer.alloc(500)])])
  let run = 0
  for (const [what, damaged] of damages) {
    const copy = join(folder, String(run++))
    await mkdir(join(copy, 't-0'), { recursive: true })
    await writeFile(join(copy, 't-0', '00000000000000000000.log'), damaged)
    const opened = await openLog(copy)
    // A base offset that grew and still fits the order is a batch like any other: its records are all there.
    const found = await keysOf(opened)
    if (what.startsWith('flipped') && opened.logEndOffset > 5) {
      assert.deepEqual(found, [...keys('a', 3), ...keys('b', 2)], what)
    } else {
      assert.deepEqual(found, keys('a', 3), what)
      assert.equal(opened.logEndOffset, 3, what)
      // The producer's next batch is the lost one again.
      assert.equal(await appendBatch(opened, Uint8Array.from(last)), 3, what)
    }
    await opened.abandon()
  }
})

test('after a crash indexes are the same as if every segment had been closed', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openLog(join(folder, 'original'), CONFIG)
  for (let i = 0; i < 60; i++) await appendBatch(log, numbered(`k${i}`, 3), true)
  await crashed(log, join(folder, 'crashed'))
  await log.close()
  for (const name of await namesIn(join(folder, 'crashed'))) {
    if (name.endsWith('index')) await writeFile(join(folder, 'crashed', 't-0', name), Buffer.alloc(100, 0xff))
  }
  const recovered = await openLog(join(folder, 'crashed'), CONFIG)
  assert.equal((await readAll(recovered)).length, 180)
  await recovered.close()
  const names = (await namesIn(join(folder, 'original'))).filter((name) => /\.(log|index|timeindex)$/.test(name))
  assert.ok(names.length > 9)
  for (const name of names) {
    const [expected, found] = await Promise.all(
      ['original', 'crashed'].map((which) => readFile(join(folder, which, 't-0', name))),
    )
    assert.deepEqual(found, expected, name)
  }
})

test('segments behind a damaged one are removed with their files', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openLog(folder, CONFIG)
  for (let i = 0; i < 60; i++) await appendBatch(log, numbered(`k${i}`, 3), true)
  const bases = log.segments.map(({ baseOffset }) => baseOffset)
  assert.ok(bases.length > 3)
  await log.close()
  const damaged = join(folder, 't-0', `${String(bases[1]).padStart(20, '0')}.log`)
  const bytes = await readFile(damaged)
  bytes[100] = (bytes[100] as number) ^ 1
  await writeFile(damaged, bytes)
  const recovered = await openLog(folder, CONFIG)
  assert.equal(recovered.logEndOffset, bases[1])
  assert.deepEqual(
    (await readAll(recovered)).map(({ offset }) => offset),
    Array.from({ length: bases[1] as number }, (_, i) => i),
  )
  assert.equal(await appendBatch(recovered, numbered('new', 1)), bases[1])
  await recovered.close()
  const left = (await namesIn(folder)).filter((name) => name.endsWith('.log'))
  assert.deepEqual(
    left.map((name) => Number(name.slice(0, 20))),
    bases.slice(0, 2),
  )
})

test('what lies before the recovery point is not read again, missing indexes are built anew', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openLog(folder, CONFIG)
  for (let i = 0; i < 60; i++) await appendBatch(log, numbered(`k${i}`, 3), true)
  const bases = log.segments.map(({ baseOffset }) => baseOffset)
  await log.close()
  await unlink(join(folder, 't-0', `${String(bases[0]).padStart(20, '0')}.index`))
  // Only the segment of the recovery point is checked, so damage before it stays unnoticed until somebody reads it.
  const second = join(folder, 't-0', `${String(bases[1]).padStart(20, '0')}.log`)
  const bytes = await readFile(second)
  bytes[100] = (bytes[100] as number) ^ 1
  await writeFile(second, bytes)
  const recovered = await openLog(folder, CONFIG, { recoveryPoint: bases[2] as number })
  assert.equal(recovered.logEndOffset, 180)
  assert.equal((await readFrom(recovered, bases[2] as number)).length, 180 - (bases[2] as number))
  await recovered.close()
  assert.ok((await namesIn(folder)).includes(`${String(bases[0]).padStart(20, '0')}.index`))
})

test('after a clean stop a torn end is found all the same', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openLog(folder)
  await appendBatch(log, numbered('a', 2))
  await appendBatch(log, numbered('b', 2), true)
  await log.close()
  const file = join(folder, 't-0', '00000000000000000000.log')
  const { length } = await readFile(file)
  await truncate(file, length - 1)
  const recovered = await openLog(folder, {}, { isClean: true, recoveryPoint: 4 })
  assert.deepEqual(await keysOf(recovered), keys('a', 2))
  await recovered.close()
})

test('a checkpointed log start is kept, also when it lies behind all that is left', async (t) => {
  const folder = await temporaryFolder(t)
  let log = await openLog(folder)
  await appendBatch(log, numbered('a', 5), true)
  await log.close()
  log = await openLog(folder, {}, { logStartOffset: 2 })
  assert.equal(log.logStartOffset, 2)
  assert.equal(log.logEndOffset, 5)
  await log.close()
  log = await openLog(folder, {}, { logStartOffset: 9 })
  assert.deepEqual([log.logStartOffset, log.logEndOffset], [9, 9])
  assert.equal(await appendBatch(log, numbered('b', 1)), 9)
  await log.close()
  assert.deepEqual(
    (await namesIn(folder)).filter((name) => name.endsWith('.log')),
    ['00000000000000000009.log'],
  )
})

test('files of an interrupted removal or cleaning are removed, those of a finished cleaning are put in place', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openLog(folder, CONFIG)
  for (let i = 0; i < 60; i++) await appendBatch(log, numbered(`k${i}`, 3), true)
  const bases = log.segments.map(({ baseOffset }) => String(baseOffset).padStart(20, '0'))
  await log.close()
  const path = (name: string) => join(folder, 't-0', name)
  await writeFile(path('00000000000000000900.log.deleted'), 'x')
  await writeFile(path('00000000000000000900.index.deleted'), 'x')
  // Two segments were cleaned into one, and the crash came between the two renamings.
  const first = await readFile(path(`${bases[0]}.log`))
  const second = await readFile(path(`${bases[1]}.log`))
  await writeFile(path(`${bases[0]}.log.swap`), Buffer.concat([first, second]))
  await writeFile(path(`${bases[0]}.index.swap`), '')
  await writeFile(path(`${bases[0]}.timeindex.swap`), '')
  await rename(path(`${bases[1]}.log`), path(`${bases[1]}.log.deleted`))
  let opened = await openLog(folder, CONFIG)
  assert.equal((await readAll(opened)).length, 180)
  assert.equal(opened.segments.length, bases.length - 1)
  await opened.close()
  assert.ok((await namesIn(folder)).every((name) => !/\.(deleted|cleaned|swap)$/.test(name)))
  // One output is not complete: then none of this round counts.
  await writeFile(path(`${bases[3]}.log.swap`), '')
  await writeFile(path(`${bases[2]}.log.cleaned`), 'half')
  opened = await openLog(folder, CONFIG)
  assert.equal((await readAll(opened)).length, 180)
  await opened.close()
  assert.ok((await namesIn(folder)).every((name) => !/\.(deleted|cleaned|swap)$/.test(name)))
})
