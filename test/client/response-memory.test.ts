import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PartitionState } from '../../src/client/consumer/partition-state.ts'
import { responseMemory } from '../../src/client/response-memory.ts'
import { RecordBatchBuilder, stampBatch } from '../../src/protocol/records/index.ts'

const SIZE = 600_000
const isUsedAgain = (bytes: Uint8Array): boolean => responseMemory.take(SIZE).buffer === bytes.buffer

test('memory is used again when every part that is held of it was released, each once', () => {
  const bytes = responseMemory.take(SIZE)
  assert.equal(bytes.length, SIZE)
  const [first, second] = [{}, {}]
  responseMemory.hold(first, bytes.subarray(0, 10))
  responseMemory.hold(second, bytes.subarray(10))
  responseMemory.release(first)
  responseMemory.release(first)
  assert.equal(isUsedAgain(bytes), false)
  responseMemory.release(second)
  assert.equal(isUsedAgain(bytes), true)
})

test('what nobody holds or releases, or is not from here, is never used again', () => {
  const bytes = responseMemory.take(SIZE)
  responseMemory.release({})
  assert.equal(isUsedAgain(bytes), false)
  const foreign = new Uint8Array(SIZE)
  responseMemory.hold(foreign, foreign)
  responseMemory.release(foreign)
  assert.equal(isUsedAgain(foreign), false)
})

/** A partition of which two batches of one record were fetched, and the memory that they lie in. */
function fetchedTwice(): { state: PartitionState; bytes: Uint8Array } {
  const batches = [0, 1].map((baseOffset) => {
    const builder = new RecordBatchBuilder()
    builder.append({ timestamp: 1, key: null, value: Buffer.alloc(SIZE / 2 - 1000) })
    const batch = builder.build()
    stampBatch(batch, 0, { baseOffset, partitionLeaderEpoch: 0 })
    return batch
  })
  const bytes = responseMemory.take(SIZE)
  const records = Buffer.concat(batches)
  bytes.set(records)
  const state = new PartitionState('t', 0)
  state.seek(0)
  state.add(bytes.subarray(0, records.length), 2, null)
  return { state, bytes }
}

test('what is given of a fetch in two parts is held by both', () => {
  const { state, bytes } = fetchedTwice()
  const [head] = state.take(1)
  assert.equal(head?.recordCount, 1)
  responseMemory.release(head)
  assert.equal(isUsedAgain(bytes), false)
  const [rest] = state.take(1)
  assert.equal(rest?.fetchOffset, 1)
  responseMemory.release(rest)
  assert.equal(isUsedAgain(bytes), true)
})

test('what is dropped before anybody was given it is released', () => {
  const { state, bytes } = fetchedTwice()
  state.seek(0)
  assert.equal(isUsedAgain(bytes), true)
})
