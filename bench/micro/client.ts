import { Admin, Consumer, columnsOf, createCluster, Producer } from '../../src/client/index.ts'
import { RecordBatchBuilder } from '../../src/protocol/records/index.ts'
import { startChildBroker } from '../../test/support/broker.ts'

// Guards src/client/producer/sender.ts and src/client/consumer/fetcher.ts: one JSON line a figure. The broker is a process
// of its own, so the CPU seconds are the client's alone; batches are built beforehand.
// Run: node bench/micro/client.ts [records]

const total = Number(process.argv[2] ?? 1_000_000)
const VALUE = Buffer.alloc(100, 'v')
const RECORDS_PER_BATCH = 5000
const PARTITIONS = 3

function print(name: string, records: number, ms: number, cpu: NodeJS.CpuUsage): void {
  const cpuSeconds = (cpu.user + cpu.system) / 1e6
  const value = Math.round(records / (ms / 1000))
  process.stdout.write(`${JSON.stringify({ name, value, unit: 'records/s' })}\n`)
  const perMillion = Number((cpuSeconds / (records / 1e6)).toFixed(3))
  process.stdout.write(`${JSON.stringify({ name: `${name}.cpu`, value: perMillion, unit: 'CPU s per 1 M records' })}\n`)
}

async function measure(name: string, records: number, work: () => Promise<void>): Promise<void> {
  const cpu = process.cpuUsage()
  const begun = performance.now()
  await work()
  print(name, records, performance.now() - begun, process.cpuUsage(cpu))
}

function builders(): RecordBatchBuilder[] {
  return Array.from({ length: Math.ceil(total / RECORDS_PER_BATCH) }, () => {
    const builder = new RecordBatchBuilder({ initialCapacity: RECORDS_PER_BATCH * 112 })
    for (let i = 0; i < RECORDS_PER_BATCH; i++)
      builder.append({ timestamp: 1_700_000_000_000, key: null, value: VALUE })
    return builder
  })
}

const broker = await startChildBroker()
const cluster = createCluster({ bootstrapServers: [broker.bootstrap] })
try {
  const topic = 'bench'
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition }))
  await new Admin(cluster).createTopics([{ name: topic, partitions: PARTITIONS }])
  const producer = new Producer(cluster)
  const send = async (batches: RecordBatchBuilder[]): Promise<void> => {
    const sent: Promise<unknown>[] = []
    for (const [i, builder] of batches.entries()) {
      await producer.waitForBuffer()
      sent.push(producer.sendBatch(topic, i % PARTITIONS, builder))
    }
    await Promise.all(sent)
  }
  await send(builders().slice(0, 20))
  const batches = builders()
  const records = batches.length * RECORDS_PER_BATCH
  await measure('client.sendBatch', records, () => send(batches))
  const single = Math.min(100_000, total)
  await measure('client.send', single, async () => {
    const sent: Promise<unknown>[] = []
    for (let i = 0; i < single; i++) sent.push(producer.send({ topic, key: null, value: VALUE }))
    await Promise.all(sent)
  })
  await producer.close()

  const consumer = new Consumer(cluster, { autoOffsetReset: 'earliest' })
  consumer.assign(partitions)
  const drain = async (
    count: number,
    take: (fetched: Awaited<ReturnType<Consumer['poll']>>) => number,
  ): Promise<void> => {
    for (let left = count; left > 0; ) left -= take(await consumer.poll(1000))
  }
  const rewind = (): void => {
    for (const { partition } of partitions) consumer.seek(topic, partition, 0)
  }
  await measure('client.poll', records, () =>
    drain(records, (fetched) => fetched.reduce((sum, { recordCount }) => sum + recordCount, 0)),
  )
  rewind()
  await measure('client.poll.columns', records, () =>
    drain(records, (fetched) => {
      let count = 0
      for (const one of fetched) for (const { columns, from } of columnsOf(one)) count += columns.count - from
      return count
    }),
  )
  await consumer.close()
} finally {
  await cluster.close()
  await broker.close()
}
