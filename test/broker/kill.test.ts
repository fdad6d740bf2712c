import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { withDeadline } from '../../src/base/deadline.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { CreateTopics, Fetch, OffsetCommit, OffsetFetch, Produce } from '../../src/protocol/messages/index.ts'
import { type ChildBroker, startChildBroker } from '../support/broker.ts'
import { batchOf, recordsIn } from '../support/test-batches.ts'
import { WireClient } from '../support/wire-client.ts'

const ROUNDS = 4
const PARTITIONS = 3

let broker: ChildBroker
before(async () => {
  broker = await startChildBroker()
})
after(() => broker.close())

/** Counts acknowledgements of all producers, so that the broker is killed in the middle of work. */
class Progress {
  #waiting: { left: number; resolve: () => void } | null = null

  add(): void {
    if (this.#waiting === null || --this.#waiting.left > 0) return
    this.#waiting.resolve()
    this.#waiting = null
  }

  reached(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting = { left: count, resolve }
    })
  }
}

/** Sends numbered records one after another until the connection breaks; gives those that were acknowledged. */
async function produceUntilKilled(partition: number, round: number, progress: Progress): Promise<string[]> {
  const acked: string[] = []
  const client = await WireClient.connect(broker.port)
  for (let i = 0; ; i++) {
    const value = `${round}-${i}`
    const records = batchOf([{ key: value, value }])
    const body = {
      acks: -1,
      timeoutMs: 1000,
      topicData: [{ name: 'kept', partitionData: [{ index: partition, records }] }],
    }
    try {
      const { responses } = await client.send(Produce, 9, body)
      if (responses[0]?.partitionResponses[0]?.errorCode === ErrorCode.NONE) acked.push(value)
      progress.add()
    } catch {
      client.close()
      return acked
    }
  }
}

/** Commits growing offsets until the connection breaks; gives the last one that was acknowledged. */
async function commitUntilKilled(group: string, from: number): Promise<number> {
  const client = await WireClient.connect(broker.port)
  let acked = from
  for (let offset = from + 1; ; offset++) {
    const partitions = [{ partitionIndex: 0, committedOffset: offset, committedMetadata: `m${offset}` }]
    try {
      const { topics } = await client.send(OffsetCommit, 7, { groupId: group, topics: [{ name: 'kept', partitions }] })
      if (topics[0]?.partitions[0]?.errorCode === ErrorCode.NONE) acked = offset
    } catch {
      client.close()
      return acked
    }
  }
}

async function readAll(partition: number): Promise<string[]> {
  const client = await WireClient.connect(broker.port)
  const values: string[] = []
  let offset = 0
  for (;;) {
    const partitions = [{ partition, fetchOffset: offset, partitionMaxBytes: 1e6 }]
    const { responses } = await client.send(Fetch, 11, {
      maxWaitMs: 0,
      minBytes: 1,
      topics: [{ topic: 'kept', partitions }],
    })
    const found = recordsIn(responses[0]?.partitions[0]?.records ?? null).filter((record) => record.offset >= offset)
    if (found.length === 0) break
    for (const record of found) {
      assert.equal(record.offset, offset++, 'offsets have no holes')
      values.push(record.value ?? '')
    }
  }
  client.close()
  return values
}

test('after kill -9 all acknowledged records and commits are there, in order, round after round', async () => {
  const setup = await WireClient.connect(broker.port)
  await setup.send(CreateTopics, 7, { topics: [{ name: 'kept', numPartitions: PARTITIONS, replicationFactor: 1 }] })
  setup.close()
  const progress = new Progress()
  const acked: string[][] = Array.from({ length: PARTITIONS }, () => [])
  let committed = 0
  for (let round = 0; round < ROUNDS; round++) {
    const producers = acked.map((_, partition) => produceUntilKilled(partition, round, progress))
    const committer = commitUntilKilled('keeper', committed)
    await withDeadline(progress.reached(5 + Math.floor(Math.random() * 100)), 20000, 'Some acknowledgements')
    await broker.kill9()
    for (const [partition, values] of (await Promise.all(producers)).entries()) acked[partition]?.push(...values)
    committed = await committer
    await broker.restart()
    for (const [partition, values] of acked.entries()) {
      const there = await readAll(partition)
      const known = new Set(values)
      assert.deepEqual(
        there.filter((value) => known.has(value)),
        values,
      )
    }
    const client = await WireClient.connect(broker.port)
    const { topics } = await client.send(OffsetFetch, 7, { groupId: 'keeper', topics: null })
    const stored = topics[0]?.partitions[0]
    // The commit on the way when the broker was killed may have made it to disk without being answered.
    // A kill that comes before the first answer leaves nothing to find.
    const found = stored?.committedOffset ?? 0
    assert.ok(found >= committed && found <= committed + 1, `${found} was found where ${committed} was acknowledged`)
    if (stored !== undefined) assert.equal(stored.metadata, `m${found}`)
    committed = found
    client.close()
  }
  assert.ok(acked.flat().length > 10, 'the rounds did some work')
})
