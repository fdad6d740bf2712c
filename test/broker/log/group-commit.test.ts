import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroupCommit, type LogPosition } from '../../../src/broker/log/group-commit.ts'
import type { Segment } from '../../../src/broker/log/segment.ts'

/** A disk whose flushes end when the test says so. */
class FakeSegment {
  isNew = false
  readonly writes: { bytes: number; position: number }[] = []
  readonly flushes: PromiseWithResolvers<void>[] = []
  failure: Error | null = null

  write(buffers: Uint8Array[], position: number): Promise<void> {
    if (this.failure !== null) return Promise.reject(this.failure)
    this.writes.push({ bytes: buffers.reduce((sum, { length }) => sum + length, 0), position })
    return Promise.resolve()
  }

  flush(): Promise<void> {
    const flush = Promise.withResolvers<void>()
    this.flushes.push(flush)
    return flush.promise
  }
}

function setUp() {
  const fake = new FakeSegment()
  const segment = fake as unknown as Segment
  const events: string[] = []
  let end: LogPosition = { offset: 0, segment, position: 0 }
  const commit = new GroupCommit(end, {
    onVisible: ({ offset }) => events.push(`visible ${offset}`),
    onRolled: () => undefined,
    syncFolder: () => Promise.resolve(),
    onFailure: (error) => events.push(`failed ${(error as Error).message}`),
  })
  /** Appends a batch of one record and 10 bytes. */
  const append = (name: string, needsFlush: boolean): void => {
    const begin = end
    end = { offset: begin.offset + 1, segment, position: begin.position + 10 }
    commit.enqueue({
      bytes: new Uint8Array(10),
      begin,
      end,
      needsFlush,
      resolve: () => events.push(`ack ${name}`),
      reject: (error) => events.push(`nack ${name} ${(error as Error).message}`),
    })
  }
  /** Lets everything run that does not wait for the disk. */
  const settle = async () => {
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
  }
  return { fake, commit, events, append, settle }
}

test('what comes in one turn is one write, and one flush acknowledges all of it', async () => {
  const { fake, events, append, settle } = setUp()
  for (const name of ['a', 'b', 'c']) append(name, true)
  await settle()
  assert.deepEqual(fake.writes, [{ bytes: 30, position: 0 }])
  assert.equal(fake.flushes.length, 1)
  assert.deepEqual(events, [], 'nothing is acknowledged or visible before the flush')
  fake.flushes[0]?.resolve()
  await settle()
  assert.deepEqual(events, ['visible 3', 'ack a', 'ack b', 'ack c'])
})

test('what is written during a flush waits for the next one, which covers all of it', async () => {
  const { fake, events, append, settle } = setUp()
  append('a', true)
  await settle()
  append('b', true)
  await settle()
  append('c', true)
  await settle()
  assert.equal(fake.writes.length, 3, 'writes go on while a flush runs')
  assert.equal(fake.flushes.length, 1)
  fake.flushes[0]?.resolve()
  await settle()
  assert.deepEqual(events.splice(0), ['visible 1', 'ack a'])
  assert.equal(fake.flushes.length, 2)
  fake.flushes[1]?.resolve()
  await settle()
  assert.deepEqual(events, ['visible 3', 'ack b', 'ack c'])
})

test('an append that needs no flush is acknowledged when written, but not visible before one in front of it', async () => {
  const { fake, events, append, settle } = setUp()
  append('fast', false)
  await settle()
  assert.deepEqual(events.splice(0), ['visible 1', 'ack fast'])
  append('safe', true)
  append('behind', false)
  await settle()
  assert.deepEqual(events.splice(0), ['ack behind'])
  fake.flushes[0]?.resolve()
  await settle()
  assert.deepEqual(events, ['visible 3', 'ack safe'])
})

test('a disk error refuses everything that waits and all that comes later', async () => {
  const { fake, commit, events, append, settle } = setUp()
  append('a', true)
  await settle()
  append('b', true)
  await settle()
  fake.flushes[0]?.reject(new Error('EIO'))
  await commit.idle()
  assert.deepEqual(events.splice(0), ['nack a EIO', 'nack b EIO', 'failed EIO'])
  append('c', true)
  assert.deepEqual(events, ['nack c EIO'])
  assert.equal(commit.visible.offset, 0)
})

test('a full disk refuses the group that did not fit', async () => {
  const { fake, commit, events, append } = setUp()
  fake.failure = new Error('ENOSPC')
  append('a', false)
  append('b', true)
  await commit.idle()
  assert.deepEqual(events, ['nack a ENOSPC', 'nack b ENOSPC', 'failed ENOSPC'])
})
