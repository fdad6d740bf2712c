import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { FrameMemory } from '../../src/net/index.ts'

const SIZE = 300_000

test('memory that is given back is lent again, once, to what fits into it', () => {
  const memory = new FrameMemory()
  const first = memory.take(SIZE)
  assert.ok(first.length >= SIZE)
  assert.notEqual(memory.take(SIZE).buffer, first.buffer)
  memory.give(first.subarray(5, 10))
  memory.give(first)
  assert.notEqual(memory.take(SIZE * 4).buffer, first.buffer)
  assert.equal(memory.take(SIZE).buffer, first.buffer)
  assert.notEqual(memory.take(SIZE).buffer, first.buffer)
})

test('it is known what is lent; what is not from here is left alone', () => {
  const memory = new FrameMemory()
  const lent = memory.take(SIZE)
  assert.equal(memory.isLent(lent.subarray(1)), true)
  const foreign = new Uint8Array(SIZE)
  assert.equal(memory.isLent(foreign), false)
  memory.give(foreign)
  assert.notEqual(memory.take(SIZE).buffer, foreign.buffer)
  memory.give(lent)
  assert.equal(memory.isLent(lent), false)
})

test('small memory is not kept, nor more than 16 MB', () => {
  const memory = new FrameMemory()
  assert.equal(memory.isLent(memory.take(1000)), false)
  const buffers = Array.from({ length: 20 }, () => memory.take(1_048_576))
  for (const buffer of buffers) memory.give(buffer)
  const known = new Set(buffers.map(({ buffer }) => buffer))
  const again = Array.from({ length: 20 }, () => memory.take(1_048_576))
  assert.equal(again.filter(({ buffer }) => known.has(buffer)).length, 16)
})

test('what is not lent is left to the garbage collector when it comes', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const memory = new FrameMemory()
  let isCollected = false
  const registry = new FinalizationRegistry(() => (isCollected = true))
  const lend = (): void => {
    const bytes = memory.take(SIZE)
    registry.register(bytes.buffer, null)
    memory.give(bytes)
  }
  lend()
  // What was looked at in this turn is kept until the next one.
  for (let i = 0; i < 100 && !isCollected; i++) {
    await nextTurn()
    collect()
  }
  assert.equal(isCollected, true)
})
