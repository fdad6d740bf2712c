import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '../../src/base/logger.ts'
import { defaultLogConfig, LogManager, PartitionLog } from '../../src/broker/log/index.ts'
import { RecordBatchBuilder } from '../../src/protocol/records/index.ts'

// Guards src/broker/log: one JSON line a figure, appends as a ratio to the same bytes written and flushed without a log.
// Run: node bench/micro/log.ts [megabytes] [folder]

const megabytes = Number(process.argv[2] ?? 512)
const folder = await mkdtemp(join(process.argv[3] ?? tmpdir(), 'log-bench-'))
const config = { ...defaultLogConfig, maxMessageBytes: 4194304 }
const IN_FLIGHT = 5

function batchOf(bytes: number, valueBytes: number): Uint8Array {
  const builder = new RecordBatchBuilder({ initialCapacity: bytes + 4096 })
  const value = Buffer.alloc(valueBytes, 'x')
  while (builder.sizeInBytes < bytes) builder.append({ timestamp: Date.now(), key: null, value })
  return builder.build()
}

function report(name: string, value: number, unit: string, ratio?: { value: number; of: string }): void {
  const rounded = Math.round(value * 100) / 100
  console.log(
    JSON.stringify({
      name,
      value: rounded,
      unit,
      ...(ratio && { ratio: Number(ratio.value.toFixed(3)), of: ratio.of }),
    }),
  )
}

/** The limit: the same batches with one write and one fdatasync for as many as are in flight. */
async function rawWrites(batch: Uint8Array, count: number): Promise<number> {
  const path = join(folder, 'raw')
  const file = await open(path, 'w')
  const start = performance.now()
  for (let i = 0; i < count; i += IN_FLIGHT) {
    await file.writev(Array.from({ length: Math.min(IN_FLIGHT, count - i) }, () => batch))
    await file.datasync()
  }
  const seconds = (performance.now() - start) / 1000
  await file.close()
  await rm(path)
  return (count * batch.length) / 1e6 / seconds
}

/** Appends with a bounded number in flight, as a client's connection does. Gives seconds. */
async function appends(log: PartitionLog, batch: Uint8Array, count: number, inFlight: number): Promise<number> {
  // Appending changes the bytes, so each one in flight needs its own.
  const copies = Array.from({ length: inFlight }, () => Buffer.from(batch))
  let sent = 0
  const sender = async (bytes: Buffer): Promise<void> => {
    while (sent < count) {
      sent++
      bytes.writeBigInt64BE(0n, 0)
      await log.append(bytes, { origin: 'client', requireFlush: true })
    }
  }
  const start = performance.now()
  await Promise.all(copies.map(sender))
  return (performance.now() - start) / 1000
}

async function readAll(log: PartitionLog, maxBytes: number): Promise<number> {
  const start = performance.now()
  let bytes = 0
  for (let offset = log.logStartOffset; offset < log.highWatermark; ) {
    const { records } = await log.read(offset, maxBytes, { minOneBatch: true, isolation: 'read_uncommitted' })
    bytes += records.length
    let last = 0
    const view = Buffer.from(records.buffer, records.byteOffset, records.length)
    for (let at = 0; at < view.length; at += 12 + view.readInt32BE(at + 8)) last = at
    offset = Number(view.readBigInt64BE(last)) + view.readInt32BE(last + 23) + 1
  }
  return bytes / 1e6 / ((performance.now() - start) / 1000)
}

const manager = await LogManager.open({ logDirs: [join(folder, 'data')], defaults: config, logger: silentLogger })
let topics = 0
async function newLog(): Promise<PartitionLog> {
  const topic = `bench-${topics++}`
  await manager.create(topic, 1, 'AAAAAAAAAAAAAAAAAAAAAA', config)
  return manager.get(topic, 0) as PartitionLog
}

/** Rounds of a figure that has a limit beside it: both in turn, since a disk is never the same twice. */
const ROUNDS = 3

for (const valueBytes of [1000, 100]) {
  const batch = batchOf(1048576, valueBytes)
  const count = Math.max(IN_FLIGHT, Math.ceil((megabytes * 1e6) / batch.length / ROUNDS))
  const figures: { rate: number; limit: number }[] = []
  let read = 0
  await rawWrites(batch, IN_FLIGHT * 4)
  for (let round = 0; round < ROUNDS; round++) {
    const limit = await rawWrites(batch, count)
    const log = await newLog()
    const seconds = await appends(log, batch, count, IN_FLIGHT)
    figures.push({ rate: (count * batch.length) / 1e6 / seconds, limit })
    read = Math.max(read, await readAll(log, 1048576))
    await manager.delete(log.topic)
  }
  figures.sort((a, b) => a.rate / a.limit - b.rate / b.limit)
  const { rate, limit } = figures[Math.floor(ROUNDS / 2)] ?? { rate: 0, limit: 1 }
  report(`append 1 MiB batches of ${valueBytes} byte values, acks=all`, rate, 'MB/s', {
    value: rate / limit,
    of: `write and fdatasync, ${Math.round(limit)} MB/s`,
  })
  report('read it in 1 MiB pieces', read, 'MB/s')
}

for (const inFlight of [1, 16, 256]) {
  const log = await newLog()
  const batch = batchOf(500, 100)
  const count = inFlight === 1 ? 300 : 100 * inFlight
  const seconds = await appends(log, batch, count, inFlight)
  report(`append 600 byte batches, acks=all, ${inFlight} in flight`, count / seconds, 'batches/s')
}

const crashed = await newLog()
const tail = batchOf(16384, 200)
await appends(crashed, tail, Math.ceil((megabytes * 1e6) / 4 / tail.length), 16)
const { sizeInBytes, folder: crashedFolder } = crashed
await manager.close()
const start = performance.now()
const recovered = await PartitionLog.open(crashedFolder, { topic: 'bench', partition: 0 }, config, {
  logger: silentLogger,
})
report('check a log after a crash', sizeInBytes / 1e6 / ((performance.now() - start) / 1000), 'MB/s')
await recovered.close()
await rm(folder, { recursive: true })
