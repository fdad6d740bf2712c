import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  Admin,
  type Cluster,
  Consumer,
  type ConsumerOptions,
  createCluster,
  type FetchedRecords,
  Producer,
  recordsOf,
} from '../../src/client/index.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { RecordBatchBuilder } from '../../src/protocol/records/index.ts'
import { startTestBroker, type TestBroker } from '../support/broker.ts'
import { bytes, collect, PollLoop, text, until } from './support/until.ts'

let broker: TestBroker
let cluster: Cluster
let admin: Admin
let producer: Producer
let topics = 0

before(async () => {
  broker = await startTestBroker()
  cluster = createCluster({ bootstrapServers: [broker.bootstrap] })
  admin = new Admin(cluster)
  producer = new Producer(cluster, { lingerMs: 0, maxRequestSize: 30_000_000 })
})

after(async () => {
  await producer.close()
  await cluster.close()
  await broker.close()
})

/** A topic with `batches` batches of `size` records each in every partition; values count from 0 in each. */
async function filledTopic(batches: number, size: number, partitions = 1, valueBytes = 0): Promise<string> {
  const topic = `consumed-${topics++}`
  await admin.createTopics([{ name: topic, partitions, configs: { 'max.message.bytes': '30000000' } }])
  const sent: Promise<unknown>[] = []
  for (let partition = 0; partition < partitions; partition++) {
    for (let batch = 0; batch < batches; batch++) {
      const builder = new RecordBatchBuilder()
      for (let i = 0; i < size; i++) {
        const value = `${batch * size + i}`.padEnd(valueBytes, ' ')
        builder.append({ timestamp: 1000 + i, key: null, value: bytes(value) })
      }
      sent.push(producer.sendBatch(topic, partition, builder))
    }
  }
  await Promise.all(sent)
  return topic
}

async function withConsumer(options: ConsumerOptions, use: (consumer: Consumer) => Promise<void>): Promise<void> {
  const consumer = new Consumer(cluster, options)
  try {
    await use(consumer)
  } finally {
    await consumer.close()
  }
}

const numbers = (records: { value: Uint8Array | null }[]): number[] => records.map(({ value }) => Number(text(value)))
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

test('a consumer begins at the earliest or the latest offset, as it is told', async () => {
  const topic = await filledTopic(2, 5)
  await withConsumer({ autoOffsetReset: 'earliest' }, async (consumer) => {
    consumer.assign([{ topic, partition: 0 }])
    assert.deepEqual(numbers(await collect(consumer, 10)), range(0, 10))
  })
  await withConsumer({ autoOffsetReset: 'latest' }, async (consumer) => {
    consumer.assign([{ topic, partition: 0 }])
    assert.equal(await consumer.position(topic, 0), 10)
    await producer.send({ topic, key: null, value: bytes('new') })
    assert.equal(text((await collect(consumer, 1))[0]?.value ?? null), 'new')
  })
})

test('without a reset policy a consumer without offset says so, and goes on after a seek', async () => {
  const topic = await filledTopic(1, 3)
  await withConsumer({ autoOffsetReset: 'none' }, async (consumer) => {
    consumer.assign([{ topic, partition: 0 }])
    await assert.rejects(consumer.poll(5000), { code: ErrorCode.OFFSET_OUT_OF_RANGE })
    consumer.seek(topic, 0, 1)
    assert.deepEqual(numbers(await collect(consumer, 2)), [1, 2])
  })
})

test('a seek into the middle of a batch leaves out the records before it', async () => {
  const topic = await filledTopic(2, 10)
  await withConsumer({}, async (consumer) => {
    consumer.assign([{ topic, partition: 0 }])
    consumer.seek(topic, 0, 7)
    const records = await collect(consumer, 13)
    assert.deepEqual(numbers(records), range(7, 20))
    assert.equal(records[0]?.offset, 7)
    assert.equal(await consumer.position(topic, 0), 20)
  })
})

test('a seek drops what was fetched ahead', async () => {
  const topic = await filledTopic(5, 10)
  await withConsumer({ autoOffsetReset: 'earliest' }, async (consumer) => {
    consumer.assign([{ topic, partition: 0 }])
    await until('something was fetched ahead', () => consumer.bufferedBytes > 0)
    consumer.seek(topic, 0, 42)
    assert.deepEqual(numbers(await collect(consumer, 8)), range(42, 50))
    consumer.seekToEnd(topic, 0, 'earliest')
    assert.deepEqual(numbers(await collect(consumer, 50)), range(0, 50))
  })
})

test('memory of what was released is read to again, what was not stays as it is', async () => {
  const topic = await filledTopic(24, 1, 2, 300_000)
  const options = { autoOffsetReset: 'earliest', maxPartitionFetchBytes: 700_000 } as const
  await withConsumer(options, async (consumer) => {
    consumer.assign([0, 1].map((partition) => ({ topic, partition })))
    const kept: [FetchedRecords, Buffer][] = []
    const places = new Set<ArrayBufferLike>()
    const records: [partition: number, number: number][] = []
    while (records.length < 48) {
      for (const fetched of await consumer.poll(15_000, undefined, 1)) {
        for (const { partition, value } of recordsOf(fetched)) records.push([partition, Number(text(value))])
        const isNew = !places.has(fetched.batches.buffer)
        places.add(fetched.batches.buffer)
        if (isNew && kept.length < 3) kept.push([fetched, Buffer.from(fetched.batches)])
        else consumer.release(fetched)
      }
    }
    for (const partition of [0, 1]) {
      const its = records.filter(([ofPartition]) => ofPartition === partition)
      assert.deepEqual(
        its.map(([, number]) => number),
        range(0, 24),
      )
    }
    assert.equal(kept.length, 3)
    for (const [{ batches }, copy] of kept) assert.ok(copy.equals(batches))
    assert.ok(places.size < 10, `${places.size} places for 12 fetches at least`)
  })
})

test('an offset that is out of range resets to the policy', async () => {
  const topic = await filledTopic(1, 10)
  await admin.deleteRecords([{ topic, partition: 0, beforeOffset: 4 }])
  await withConsumer({ autoOffsetReset: 'earliest' }, async (consumer) => {
    consumer.assign([{ topic, partition: 0 }])
    consumer.seek(topic, 0, 1)
    assert.deepEqual(numbers(await collect(consumer, 6)), range(4, 10))
    consumer.seek(topic, 0, 99)
    assert.deepEqual(numbers(await collect(consumer, 6)), range(4, 10))
  })
})

test('a paused partition gives nothing while others go on, and everything after it is resumed', async () => {
  const topic = await filledTopic(3, 10, 2)
  await withConsumer({ autoOffsetReset: 'earliest' }, async (consumer) => {
    consumer.assign([0, 1].map((partition) => ({ topic, partition })))
    await until('both were fetched ahead', () => consumer.bufferedBytes > 0)
    consumer.pause([{ topic, partition: 1 }])
    assert.deepEqual(consumer.paused(), [{ topic, partition: 1 }])
    const first = await collect(consumer, 30)
    assert.ok(first.every(({ partition }) => partition === 0))
    assert.deepEqual(await consumer.poll(100), [])
    consumer.resume([{ topic, partition: 1 }])
    const second = await collect(consumer, 30)
    assert.ok(second.every(({ partition }) => partition === 1))
    assert.deepEqual(numbers(second), range(0, 30))
  })
})

test('no more than the byte bound lies here fetched and not polled', async () => {
  const topic = await filledTopic(40, 10, 4, 1000)
  const options = { autoOffsetReset: 'earliest', fetchMaxBytes: 100_000, maxPartitionFetchBytes: 50_000 } as const
  await withConsumer(options, async (consumer) => {
    consumer.assign(range(0, 4).map((partition) => ({ topic, partition })))
    let largest = 0
    const watch = setInterval(() => {
      largest = Math.max(largest, consumer.bufferedBytes)
    }, 1)
    // After the first answer there is room for a little, and that is asked for too.
    await until('the buffer is full', () => consumer.bufferedBytes >= options.fetchMaxBytes)
    const before = consumer.bufferedBytes
    const counts = await admin.listOffsets([{ topic, partition: 0, at: 'latest' }])
    assert.equal(counts[0]?.offset, 400)
    assert.equal(consumer.bufferedBytes, before, 'nothing more was fetched')
    const records = await collect(consumer, 1600)
    clearInterval(watch)
    // A fetch is asked for when there is room; it may bring one batch of 10 kB more than there is.
    assert.ok(largest <= 120_000, `${largest} bytes`)
    for (const p of range(0, 4)) assert.deepEqual(numbers(records.filter((r) => r.partition === p)), range(0, 400))
  })
})

test('a batch larger than all limits is delivered all the same', async () => {
  const topic = await filledTopic(2, 1, 1, 5_000_000)
  const options = { autoOffsetReset: 'earliest', fetchMaxBytes: 1000, maxPartitionFetchBytes: 1000 } as const
  await withConsumer(options, async (consumer) => {
    consumer.assign([{ topic, partition: 0 }])
    const records = await collect(consumer, 2)
    assert.deepEqual(
      records.map(({ value }) => value?.length),
      [5_000_000, 5_000_000],
    )
  })
})

test('max.poll.records bounds a poll to whole batches, one at least', async () => {
  const topic = await filledTopic(10, 10)
  await withConsumer({ autoOffsetReset: 'earliest', maxPollRecords: 25 }, async (consumer) => {
    consumer.assign([{ topic, partition: 0 }])
    const counts: number[] = []
    while (counts.reduce((a, b) => a + b, 0) < 100) {
      const polled = await consumer.poll(1000)
      counts.push(polled.reduce((sum, { recordCount }) => sum + recordCount, 0))
    }
    assert.deepEqual(counts, [20, 20, 20, 20, 20])
  })
  await withConsumer({ autoOffsetReset: 'earliest', maxPollRecords: 3 }, async (consumer) => {
    consumer.assign([{ topic, partition: 0 }])
    assert.equal((await consumer.poll(1000))[0]?.recordCount, 10)
    assert.equal(await consumer.position(topic, 0), 10)
  })
})

test('a poll ends in time when nothing comes, and at once when its signal fires', async () => {
  const topic = await filledTopic(1, 1)
  await withConsumer({ autoOffsetReset: 'latest' }, async (consumer) => {
    consumer.assign([{ topic, partition: 0 }])
    assert.deepEqual(await consumer.poll(50), [])
    const stop = new AbortController()
    const polling = consumer.poll(60000, stop.signal)
    await assert.rejects(consumer.poll(0), /another poll/)
    stop.abort()
    assert.deepEqual(await polling, [])
  })
})

test('closing ends a waiting poll', async () => {
  const topic = await filledTopic(1, 1)
  const consumer = new Consumer(cluster, { autoOffsetReset: 'latest' })
  consumer.assign([{ topic, partition: 0 }])
  const polling = consumer.poll(60000)
  await consumer.close()
  await assert.rejects(polling, { name: 'ClosedError' })
})

test('commits without a group membership are kept, and the next consumer of the group goes on there', async () => {
  const topic = await filledTopic(2, 10)
  await withConsumer({ groupId: 'simple', autoOffsetReset: 'earliest' }, async (consumer) => {
    consumer.assign([{ topic, partition: 0 }])
    await collect(consumer, 20)
    await consumer.commit([{ topic, partition: 0, offset: 12, metadata: 'note' }])
    const [committed] = await consumer.committed([{ topic, partition: 0 }])
    assert.deepEqual([committed?.offset, committed?.metadata], [12, 'note'])
  })
  await withConsumer({ groupId: 'simple', autoOffsetReset: 'earliest' }, async (consumer) => {
    consumer.assign([{ topic, partition: 0 }])
    assert.deepEqual(numbers(await collect(consumer, 8)), range(12, 20))
    await consumer.commit()
    assert.equal((await consumer.committed([{ topic, partition: 0 }]))[0]?.offset, 20)
  })
})

test('the ends of the log can be asked for', async () => {
  const topic = await filledTopic(1, 10, 2)
  await admin.deleteRecords([{ topic, partition: 1, beforeOffset: 3 }])
  await withConsumer({}, async (consumer) => {
    const partitions = [0, 1].map((partition) => ({ topic, partition }))
    assert.deepEqual([...(await consumer.beginningOffsets(partitions)).values()], [0, 3])
    assert.deepEqual([...(await consumer.endOffsets(partitions)).values()], [10, 10])
  })
})

test('a consumer survives a restart of the broker', async () => {
  const own = await startTestBroker()
  const client = createCluster({ bootstrapServers: [own.bootstrap] })
  const writer = new Producer(client, { lingerMs: 0 })
  const consumer = new Consumer(client, { autoOffsetReset: 'earliest' })
  try {
    await new Admin(client).createTopics([{ name: 't', partitions: 1 }])
    consumer.assign([{ topic: 't', partition: 0 }])
    await writer.send({ topic: 't', key: null, value: bytes('0') })
    assert.deepEqual(numbers(await collect(consumer, 1)), [0])
    await own.restart()
    await writer.send({ topic: 't', key: null, value: bytes('1') })
    assert.deepEqual(numbers(await collect(consumer, 1)), [1])
  } finally {
    await writer.close(0)
    await consumer.close()
    await client.close()
    await own.close()
  }
})

test('a consumer may be assigned a topic before it exists', async () => {
  const topic = `later-${topics++}`
  await withConsumer({ autoOffsetReset: 'earliest', allowAutoCreateTopics: false }, async (consumer) => {
    consumer.assign([{ topic, partition: 0 }])
    assert.deepEqual(await consumer.poll(50), [])
    await admin.createTopics([{ name: topic, partitions: 1 }])
    await producer.send({ topic, key: null, value: bytes('7') })
    assert.deepEqual(numbers(await collect(consumer, 1)), [7])
  })
})

test('the wait of an idle fetch grows as far as it may, and is short again when something comes or changes', async (t) => {
  const topic = await filledTopic(0, 0)
  const own = createCluster({ bootstrapServers: [broker.bootstrap] })
  t.after(() => own.close())
  const waits: number[] = []
  const request = own.request.bind(own)
  own.request = (api, body, options) => {
    if ('maxWaitMs' in body) waits.push(Number(body.maxWaitMs))
    return request(api, body, options)
  }
  const consumer = new Consumer(own, { autoOffsetReset: 'earliest', fetchMaxWaitMs: 10, fetchMaxIdleWaitMs: 40 })
  t.after(() => consumer.close())
  consumer.assign([{ topic, partition: 0 }])
  const polled = new PollLoop(consumer)
  t.after(() => polled.stop())
  await until('it has grown', () => waits.length >= 5)
  const [first, second, ...others] = waits.slice(0, 5) as [number, number, number]
  assert.equal(first, 10)
  // It may be a quarter shorter, to end when others do.
  assert.ok(second > 22 && second <= 30, `${second}`)
  for (const wait of others) assert.ok(wait > 30 && wait <= 40, `${wait}`)
  await producer.send({ topic, key: null, value: bytes('new') })
  await until('the record is here', () => polled.records.length === 1)
  await until('it was short', () => waits.lastIndexOf(10) > 0)
  await until('it has grown again', () => (waits.at(-1) ?? 0) > 30)
  const before = waits.length
  consumer.seek(topic, 0, 1)
  await until('it is short again', () => waits.slice(before).includes(10))
})
