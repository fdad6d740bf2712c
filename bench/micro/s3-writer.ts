import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { SinkBatch, SinkTask } from 'millrace/connect'
import { JSON_FORMAT, s3SinkConfig } from '../../connectors/s3/config.ts'
import { settingsOf } from '../../connectors/s3/settings.ts'
import { S3SinkTask } from '../../connectors/s3/sink-task.ts'
import type { ObjectStore } from '../../connectors/s3/store/object-store.ts'
import { SinkDriver, sinkBatch } from '../../test/connectors/s3/driver.ts'

// Guards connectors/s3/writer: how fast batches of 200 byte JSON values become objects. One JSON line per figure, with
// its ratio to a plain copy of the same bytes. Run: node bench/micro/s3-writer.ts [millions of records per figure]

const VALUE_BYTES = 200
const PER_BATCH = 2000
const millions = Number(process.argv[2] ?? 1)
const batches = Math.ceil((millions * 1_000_000) / PER_BATCH)

const driver = new SinkDriver()
const template = sinkBatch(
  Array.from({ length: PER_BATCH }, (_, i) => {
    const text = JSON.stringify({ id: i, name: 'Ada Lovelace', city: 'London', text: '' })
    return {
      topic: 'orders',
      kafkaPartition: 0,
      kafkaOffset: i,
      timestampType: 'CreateTime' as const,
      originalTopic: 'orders',
      originalKafkaPartition: 0,
      originalKafkaOffset: i,
      value: { ...(JSON.parse(text) as object), text: 'x'.repeat(VALUE_BYTES - text.length) },
      timestamp: 1_700_000_000_000,
    }
  }),
)

/** The template with the offsets and times of the n-th batch: a record every 10 ms. */
function batchAt(n: number): SinkBatch {
  const offsets = template.offsets.map((offset) => offset + n * PER_BATCH)
  return { ...template, offsets, timestamps: offsets.map((offset) => 1_700_000_000_000 + offset * 10) }
}

const nullStore: ObjectStore = {
  place: 'nowhere',
  check: () => Promise.resolve(),
  exists: () => Promise.resolve(false),
  close: () => Promise.resolve(),
  create: () => ({
    writePart: () => Promise.resolve(),
    complete: () => Promise.resolve('created'),
    abort: () => Promise.resolve(),
  }),
}

async function measure(name: string, config: Record<string, string>, store?: ObjectStore): Promise<number> {
  const raw = { 's3.bucket.name': 'bucket', 'format.class': JSON_FORMAT, 'flush.size': '100000', ...config }
  const task: SinkTask = await S3SinkTask.start(settingsOf(s3SinkConfig.parse(raw), raw), driver.context(raw), store)
  await driver.assign(task)
  const call = { signal: new AbortController().signal }
  const before = process.cpuUsage()
  const start = performance.now()
  for (let n = 0; n < batches; n++) await task.putBatch?.(batchAt(n), call)
  await task.preCommit?.([{ ...driver.tp, offset: batches * PER_BATCH }])
  const seconds = (performance.now() - start) / 1000
  const cpu = process.cpuUsage(before)
  await task.stop?.()
  const rate = (batches * PER_BATCH) / seconds
  const cpuPerMillion = (cpu.user + cpu.system) / batches / PER_BATCH
  print(name, rate, { cpuSecondsPerMillion: Number(cpuPerMillion.toFixed(3)) })
  return rate
}

/** What the processor allows: the values of a batch, copied at once into a buffer of the size of a part. */
function copyLimit(): number {
  const bytes = template.bytes.subarray(0, PER_BATCH * (VALUE_BYTES + 1))
  const target = new Uint8Array(25 * 1024 * 1024)
  const start = performance.now()
  let position = 0
  for (let n = 0; n < batches; n++) {
    if (position + bytes.length > target.length) position = 0
    target.set(bytes, position)
    position += bytes.length
  }
  return (batches * PER_BATCH * 1000) / (performance.now() - start)
}

let limit = 0

function print(name: string, value: number, more: object = {}): void {
  const ratio = limit === 0 ? {} : { ratio: Number((value / limit).toFixed(3)), of: 's3.copy-limit' }
  console.log(JSON.stringify({ name, value: Math.round(value), unit: 'records/s', ...ratio, ...more }))
}

const folder = await mkdtemp(join(tmpdir(), 'millrace-s3-bench-'))
try {
  copyLimit()
  const copied = copyLimit()
  print('s3.copy-limit', copied)
  limit = copied
  const hourly = {
    'partitioner.class': 'io.confluent.connect.storage.partitioner.HourlyPartitioner',
    locale: 'en-US',
    timezone: 'Europe/Berlin',
    'timestamp.extractor': 'Record',
  }
  await measure('s3.null.warm-up', {}, nullStore)
  await measure('s3.null', {}, nullStore)
  await measure('s3.null.hourly', hourly, nullStore)
  await measure('s3.null.gzip', { 's3.compression.type': 'gzip', 's3.compression.level': '1' }, nullStore)
  await mkdir(join(folder, 'bucket'))
  await measure('s3.folder', { 'store.url': pathToFileURL(folder).href })
} finally {
  await rm(folder, { recursive: true, force: true })
}
