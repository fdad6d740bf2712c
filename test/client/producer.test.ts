import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Admin, Cluster, Consumer, createCluster, Producer, type ProducerOptions } from '../../src/client/index.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { Produce } from '../../src/protocol/messages/produce.ts'
import { partitionForKey } from '../../src/protocol/murmur2.ts'
import { compressionTypes, RecordBatchBuilder } from '../../src/protocol/records/index.ts'
import { startChildBroker, startTestBroker, type TestBroker } from '../support/broker.ts'
import { bytes, collect, text, until } from './support/until.ts'

let broker: TestBroker
let cluster: Cluster
let admin: Admin
let topics = 0

before(async () => {
  broker = await startTestBroker()
  cluster = createCluster({ bootstrapServers: [broker.bootstrap] })
  admin = new Admin(cluster)
})

after(async () => {
  await cluster.close()
  await broker.close()
})

async function newTopic(partitions = 1, configs: Record<string, string> = {}): Promise<string> {
  const name = `produced-${topics++}`
  const [created] = await admin.createTopics([{ name, partitions, configs }])
  assert.equal(created?.error, null)
  return name
}

async function withProducer(options: ProducerOptions, use: (producer: Producer) => Promise<void>): Promise<void> {
  const producer = new Producer(cluster, options)
  try {
    await use(producer)
  } finally {
    await producer.close()
  }
}

async function readAll(topic: string, count: number, partitions = 1) {
  const consumer = new Consumer(cluster, { autoOffsetReset: 'earliest' })
  consumer.assign(Array.from({ length: partitions }, (_, partition) => ({ topic, partition })))
  try {
    return await collect(consumer, count)
  } finally {
    await consumer.close()
  }
}

for (const compressionType of compressionTypes) {
  test(`records compressed with ${compressionType} come back with key, value, headers and timestamp`, async () => {
    const topic = await newTopic()
    await withProducer({ compressionType }, async (producer) => {
      const sent = await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          producer.send({
            topic,
            key: i % 3 === 0 ? null : bytes(`key ${i}`),
            value: i % 5 === 0 ? null : bytes('value '.repeat(i)),
            headers: i % 2 === 0 ? [{ key: 'h', value: bytes(`${i}`) }] : [],
            timestamp: 1700000000000 + i,
          }),
        ),
      )
      assert.deepEqual(
        sent.map(({ offset }) => offset),
        Array.from({ length: 50 }, (_, i) => i),
      )
    })
    const records = await readAll(topic, 50)
    for (const [i, record] of records.entries()) {
      assert.equal(text(record.key), i % 3 === 0 ? null : `key ${i}`)
      assert.equal(text(record.value), i % 5 === 0 ? null : 'value '.repeat(i))
      assert.deepEqual(
        record.headers.map(({ key, value }) => [key, text(value)]),
        i % 2 === 0 ? [['h', `${i}`]] : [],
      )
      assert.equal(record.timestamp, 1700000000000 + i)
      assert.equal(record.offset, i)
    }
  })
}

test('a record with a key goes to the partition that Kafka would choose, one without a key to any', async () => {
  const topic = await newTopic(7)
  await withProducer({}, async (producer) => {
    for (const key of ['a', 'b', 'customer-17', '']) {
      const { partition } = await producer.send({ topic, key: bytes(key), value: null })
      assert.equal(partition, partitionForKey(bytes(key), 7))
    }
    const { partition } = await producer.send({ topic, key: null, value: null })
    assert.ok(partition >= 0 && partition < 7)
  })
})

test('records without a key stay together until a batch is full, then go elsewhere', async () => {
  const topic = await newTopic(4)
  await withProducer({ batchSize: 1000, lingerMs: 20 }, async (producer) => {
    const value = new Uint8Array(200)
    const sent = await Promise.all(Array.from({ length: 40 }, () => producer.send({ topic, key: null, value })))
    const changes = sent.filter(({ partition }, i) => i > 0 && sent[i - 1]?.partition !== partition).length
    assert.ok(changes > 3 && changes <= 10, `${changes} changes of partition`)
  })
})

test('finished batches are written in the order of the calls, many at a time', async () => {
  const topic = await newTopic(2)
  await withProducer({}, async (producer) => {
    const results = Array.from({ length: 60 }, (_, i) => {
      const builder = new RecordBatchBuilder({ compression: i % 2 === 0 ? 'zstd' : 'none' })
      for (let n = 0; n < 10; n++) builder.append({ timestamp: i, key: null, value: bytes(`${i}.${n}`) })
      return producer.sendBatch(topic, i % 2, builder)
    })
    const offsets = (await Promise.all(results)).map(({ baseOffset }) => baseOffset)
    assert.deepEqual(
      offsets,
      Array.from({ length: 60 }, (_, i) => Math.floor(i / 2) * 10),
    )
    assert.equal(producer.bufferedBytes, 0)
  })
  const records = await readAll(topic, 600, 2)
  const ofFirst = records.filter(({ partition }) => partition === 0).map(({ value }) => text(value))
  assert.deepEqual(
    ofFirst,
    Array.from({ length: 300 }, (_, i) => `${Math.floor(i / 10) * 2}.${i % 10}`),
  )
})

test('send and sendBatch to one partition keep their order', async () => {
  const topic = await newTopic()
  await withProducer({ lingerMs: 1000 }, async (producer) => {
    const first = producer.send({ topic, partition: 0, key: null, value: bytes('first') })
    await producer.partitionCount(topic)
    const builder = new RecordBatchBuilder()
    builder.append({ timestamp: 0, key: null, value: bytes('second') })
    await until('the first record is buffered', () => producer.bufferedBytes > 0)
    const second = producer.sendBatch(topic, 0, builder)
    assert.equal((await first).offset, 0)
    assert.equal((await second).baseOffset, 1)
  })
})

test('what is too large for a request is refused at once, with the topic and the limit in the message', async () => {
  const topic = await newTopic()
  await withProducer({ maxRequestSize: 2000 }, async (producer) => {
    const value = new Uint8Array(3000)
    await assert.rejects(producer.send({ topic, key: null, value }), (error: { code: number; message: string }) => {
      assert.equal(error.code, ErrorCode.MESSAGE_TOO_LARGE)
      assert.match(error.message, new RegExp(`${topic}.*max.request.size=2000`))
      return true
    })
    const builder = new RecordBatchBuilder()
    builder.append({ timestamp: 0, key: null, value })
    await assert.rejects(producer.sendBatch(topic, 0, builder), /max\.request\.size=2000/)
    assert.equal((await producer.send({ topic, key: null, value: new Uint8Array(10) })).offset, 0)
  })
})

test('a batch that the topic refuses as too large fails alone, and the ones behind it arrive', async () => {
  const topic = await newTopic(1, { 'max.message.bytes': '5000' })
  await withProducer({}, async (producer) => {
    const batch = (size: number) => {
      const builder = new RecordBatchBuilder()
      builder.append({ timestamp: 0, key: null, value: new Uint8Array(size) })
      return producer.sendBatch(topic, 0, builder)
    }
    const results = await Promise.allSettled([batch(100), batch(9000), batch(101), batch(102)])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    )
    const { reason } = results[1] as PromiseRejectedResult
    assert.match((reason as Error).message, new RegExp(`topic ${topic}.*max.message.bytes`))
  })
  const records = await readAll(topic, 3)
  assert.deepEqual(
    records.map(({ value }) => value?.length),
    [100, 101, 102],
  )
})

test('records of ten megabytes go through when both limits allow it', async () => {
  const topic = await newTopic(1, { 'max.message.bytes': '20000000' })
  const value = Buffer.alloc(10_000_000, 'x')
  await withProducer({ maxRequestSize: 20_000_000 }, async (producer) => {
    await producer.send({ topic, key: bytes('big'), value })
  })
  const [record] = await readAll(topic, 1)
  assert.ok(record?.value !== null && value.equals(record?.value ?? new Uint8Array()))
})

test('send waits while the buffer is full, and waitForBuffer ends when there is room', async () => {
  const topic = await newTopic()
  await withProducer({ bufferMemory: 5000, lingerMs: 0 }, async (producer) => {
    let largest = 0
    const sends = Array.from({ length: 100 }, async () => {
      await producer.send({ topic, key: null, value: new Uint8Array(1000) })
    })
    const watch = setInterval(() => {
      largest = Math.max(largest, producer.bufferedBytes)
    }, 1)
    await Promise.all(sends)
    clearInterval(watch)
    assert.ok(largest <= 5000 + 1100 * 100, `${largest}`)
    await producer.waitForBuffer()
    assert.equal(producer.bufferedBytes, 0)
  })
})

test('waitForBuffer ends with an error when its signal fires', async () => {
  const topic = await newTopic()
  await withProducer({ bufferMemory: 1 }, async (producer) => {
    const builder = new RecordBatchBuilder()
    builder.append({ timestamp: 0, key: null, value: null })
    const sent = producer.sendBatch(topic, 0, builder)
    const stop = new AbortController()
    const waiting = producer.waitForBuffer(stop.signal)
    stop.abort()
    await assert.rejects(waiting, { name: 'AbortedError' })
    await sent
  })
})

test('a partition that the topic does not have is refused with their number', async () => {
  const topic = await newTopic(2)
  await withProducer({}, async (producer) => {
    await assert.rejects(producer.send({ topic, partition: 2, key: null, value: null }), /has 2 partitions/)
  })
})

test('acks 0 and 1 deliver as well', async () => {
  const topic = await newTopic()
  await withProducer({ acks: 0 }, async (producer) => {
    assert.deepEqual(await producer.send({ topic, key: null, value: bytes('0') }), { partition: 0, offset: -1 })
  })
  await readAll(topic, 1)
  await withProducer({ acks: 1 }, async (producer) => {
    assert.deepEqual(await producer.send({ topic, key: null, value: bytes('1') }), { partition: 0, offset: 1 })
  })
})

test('settings that exclude each other are refused by name', () => {
  assert.throws(() => new Producer(cluster, { acks: 1, enableIdempotence: true }), /^ClientConfigError: acks:/)
  assert.throws(() => new Producer(cluster, { maxInFlight: 6, enableIdempotence: true }), /max\.in\.flight/)
  assert.throws(() => new Producer(cluster, { deliveryTimeoutMs: 10 }), /^ClientConfigError: delivery\.timeout\.ms/)
})

test('closing the producer sends what is waiting, and what cannot be sent fails', async () => {
  const topic = await newTopic()
  const producer = new Producer(cluster, { lingerMs: 20000, deliveryTimeoutMs: 120000 })
  await producer.partitionCount(topic)
  const sent = producer.send({ topic, key: null, value: null })
  await producer.close()
  assert.equal((await sent).offset, 0)
  await assert.rejects(producer.send({ topic, key: null, value: null }), { name: 'ClosedError' })
})

test('a producer without a broker fails within the delivery timeout and closes at once', async () => {
  const lonely = await startTestBroker()
  const away = createCluster({ bootstrapServers: [lonely.bootstrap], requestTimeoutMs: 300 })
  const producer = new Producer(away, { deliveryTimeoutMs: 800, lingerMs: 0 })
  await new Admin(away).createTopics([{ name: 't', partitions: 1 }])
  await producer.send({ topic: 't', key: null, value: null })
  await lonely.close()
  await assert.rejects(
    producer.send({ topic: 't', key: null, value: null }),
    /t-0 were not acknowledged within delivery/,
  )
  const stuck = producer.send({ topic: 't', key: null, value: null })
  const begun = performance.now()
  const closed = producer.close(0)
  await assert.rejects(stuck, { name: 'ClosedError' })
  await closed
  await away.close()
  assert.ok(performance.now() - begun < 500)
})

for (const lingerMs of [0, 1]) {
  test(`while a broker is slow, batches grow instead of queueing up behind each other (linger.ms=${lingerMs})`, async () => {
    const topic = await newTopic()
    const own = createCluster({ bootstrapServers: [broker.bootstrap] })
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
    let requests = 0
    const connection = own.connection.bind(own)
    own.connection = async (...args) => {
      const made = await connection(...args)
      const send = made.send.bind(made)
      made.send = async (api, ...call) => {
        const answer = send(api, ...call)
        if (api.key === Produce.key) {
          requests++
          await held
        }
        return answer
      }
      return made
    }
    const producer = new Producer(own, { lingerMs, maxInFlight: 3 })
    try {
      const sent: Promise<unknown>[] = []
      const send = async (): Promise<void> => {
        sent.push(producer.send({ topic, key: null, value: bytes(`${sent.length}`) }))
        await new Promise((resolve) => setTimeout(resolve, lingerMs + 1))
      }
      while (requests < 3) await send()
      for (let i = 0; i < 30; i++) await send()
      letGo()
      await Promise.all(sent)
      assert.equal(requests, 4)
      const records = await readAll(topic, sent.length)
      assert.deepEqual(
        records.map(({ value }) => Number(text(value))),
        sent.map((_promise, i) => i),
      )
    } finally {
      letGo()
      await producer.close(0)
      await own.close()
    }
  })
}

test('a batch that could not be sent before its time is over fails, also one that still takes records', async () => {
  const away = createCluster({ bootstrapServers: ['127.0.0.1:1'], requestTimeoutMs: 50, retryBackoffMs: 5 })
  const topic = await newTopic()
  // The leader is known, and cannot be reached.
  const metadata = await cluster.topic(topic)
  away.metadata.peek = () => metadata
  const producer = new Producer(away, { lingerMs: 0, deliveryTimeoutMs: 60 })
  try {
    await assert.rejects(producer.send({ topic, key: null, value: null }), /were not acknowledged within delivery/)
  } finally {
    await producer.close(0)
    await away.close()
  }
})

test('nothing is lost, repeated or reordered when the broker is killed while records flow', {
  timeout: 60000,
}, async () => {
  const mortal = await startChildBroker()
  const own = createCluster({ bootstrapServers: [mortal.bootstrap], requestTimeoutMs: 5000 })
  const producer = new Producer(own, { lingerMs: 1 })
  try {
    await new Admin(own).createTopics([{ name: 'flow', partitions: 3 }])
    const total = 30000
    const acknowledged: Promise<unknown>[] = []
    let kills = 0
    const kill = async (): Promise<void> => {
      await mortal.kill9()
      await mortal.restart()
      kills++
    }
    let killing = Promise.resolve()
    for (let i = 0; i < total; i++) {
      acknowledged.push(producer.send({ topic: 'flow', partition: i % 3, key: null, value: bytes(`${i}`) }))
      if (i % 200 === 0) await acknowledged[acknowledged.length - 1]
      if (i === 8000 || i === 20000) killing = kill()
    }
    await Promise.all(acknowledged)
    await killing
    assert.equal(kills, 2)
    const consumer = new Consumer(own, { autoOffsetReset: 'earliest' })
    consumer.assign([0, 1, 2].map((partition) => ({ topic: 'flow', partition })))
    const records = await collect(consumer, total)
    const ends = await consumer.endOffsets(consumer.assignment())
    assert.equal(
      [...ends.values()].reduce((a, b) => a + b),
      total,
    )
    for (const partition of [0, 1, 2]) {
      const values = records.filter((record) => record.partition === partition).map(({ value }) => Number(text(value)))
      assert.deepEqual(
        values,
        Array.from({ length: total / 3 }, (_, i) => i * 3 + partition),
      )
    }
    await consumer.close()
  } finally {
    await producer.close(0)
    await own.close()
    await mortal.close()
  }
})
