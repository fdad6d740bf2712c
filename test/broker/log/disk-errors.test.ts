import assert from 'node:assert/strict'
import { type FileHandle, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pause } from '../../../src/base/deadline.ts'
import { Segment } from '../../../src/broker/log/segment.ts'
import { ErrorCode, ProtocolError } from '../../../src/protocol/errors.ts'
import { keysOf, numbered, openLog, temporaryFolder } from './support.ts'

const SAFE = { origin: 'client', requireFlush: true } as const

function diskError(code: string): Error {
  return Object.assign(new Error(`${code}: the disk says no`), { code })
}

/** Makes the write or flush of every segment fail until the returned function is called. */
function breakDisk(t: TestContext, method: 'write' | 'flush', code: string): () => void {
  const mock = t.mock.method(Segment.prototype, method, () => Promise.reject(diskError(code)))
  return () => mock.mock.restore()
}

function isStorageError(error: unknown): boolean {
  return error instanceof ProtocolError && error.code === ErrorCode.KAFKA_STORAGE_ERROR && error.retriable
}

const sent = (sequence: number) =>
  numbered(`s${sequence}`, 1, { producerId: 1, producerEpoch: 0, baseSequence: sequence })

test('appends fail while the disk is full and go on where they stopped once there is room', async (t) => {
  const log = await openLog(await temporaryFolder(t))
  await log.append(sent(0), SAFE)
  const repair = breakDisk(t, 'write', 'ENOSPC')
  const results = await Promise.allSettled([log.append(sent(1), SAFE), log.append(sent(2), SAFE)])
  for (const result of results) {
    assert.equal(result.status, 'rejected')
    assert.ok(isStorageError(result.reason))
    assert.match(String(result.reason), /t-0 could not be written: ENOSPC/)
  }
  await assert.rejects(log.append(sent(1), SAFE), isStorageError)
  assert.deepEqual(await keysOf(log), ['s0-0'], 'what is there can still be read')
  repair()
  const deadline = Date.now() + 10000
  for (;;) {
    try {
      // The producer sends its batches again: their sequences are the next ones, since nothing of them was kept.
      assert.equal((await log.append(sent(1), SAFE)).baseOffset, 1)
      break
    } catch (error) {
      if (!isStorageError(error) || Date.now() > deadline) throw error
      await pause(20)
    }
  }
  assert.equal((await log.append(sent(2), SAFE)).baseOffset, 2)
  assert.deepEqual(await keysOf(log), ['s0-0', 's1-0', 's2-0'])
  assert.equal(log.failure, null)
  await log.close()
})

test('after a failed flush the log stays offline, and nothing that was not on disk becomes visible', async (t) => {
  const folder = await temporaryFolder(t)
  const log = await openLog(folder)
  await log.append(sent(0), SAFE)
  const repair = breakDisk(t, 'flush', 'EIO')
  await assert.rejects(log.append(sent(1), SAFE), isStorageError)
  repair()
  await pause(600)
  await assert.rejects(log.append(sent(1), SAFE), /offline after a disk error: EIO/)
  assert.deepEqual(await keysOf(log), ['s0-0'])
  await log.close()
  const again = await openLog(folder)
  assert.equal((await again.append(sent(2), SAFE)).baseOffset, 2, 'after a restart it goes by what is in the file')
  await again.close()
})

test('a log that cannot be made for want of room leaves no file open', async (t) => {
  const folder = await temporaryFolder(t)
  // The log's file can be made, but not the file beside it.
  await mkdir(join(folder, 't-0', 'leader-epoch-checkpoint'), { recursive: true })
  const { mock } = t.mock.method(Segment.prototype, 'handle')
  await assert.rejects(openLog(folder), /EISDIR/)
  const files = await Promise.all(mock.calls.map(({ result }) => result as Promise<FileHandle>))
  assert.deepEqual(
    files.map(({ fd }) => fd),
    [-1],
    'an open file has a number',
  )
})
