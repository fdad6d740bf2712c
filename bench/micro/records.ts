import { decodeBatch, RecordBatchBuilder, verifyBatchCrc } from '../../src/protocol/records/index.ts'
import { compress, compressionTypes, decompress } from '../../src/protocol/records/compression/index.ts'
import { crc32c } from '../../src/protocol/crc32c.ts'
import { murmur2 } from '../../src/protocol/murmur2.ts'

// Guards the loops of src/protocol/records: one JSON line per figure. Run: node bench/micro/records.ts [seconds per figure]

const RECORDS = 1000
const VALUE_BYTES = 200
const seconds = Number(process.argv[2] ?? 1)

const row = Buffer.from(
  JSON.stringify({ id: 123456, name: 'Ada Lovelace', email: 'ada@example.org', city: 'London', active: true }),
)
const value = Buffer.alloc(VALUE_BYTES, row)
const key = Buffer.from('k-1234567890')
const headers = [{ key: 'source', value: Buffer.from('orders') }]
const timestamp = 1_700_000_000_000

let sink = 0

/** Runs `work` for the given time and prints how many of `perRun` units went through per second, the best of five slices. */
function measure(name: string, unit: string, perRun: number, work: () => number): void {
  const until = performance.now() + 300
  while (performance.now() < until) sink += work()
  let best = 0
  for (let slice = 0; slice < 5; slice++) {
    const start = performance.now()
    const end = start + (seconds * 1000) / 5
    let runs = 0
    let now = start
    while (now < end) {
      sink += work()
      runs++
      now = performance.now()
    }
    best = Math.max(best, (runs * perRun * 1000) / (now - start))
  }
  console.log(JSON.stringify({ name, value: Math.round(best), unit }))
}

const CAPACITY = RECORDS * (VALUE_BYTES + 40)

function appended(withKey: boolean, withHeaders: boolean): Uint8Array {
  const builder = new RecordBatchBuilder({ initialCapacity: CAPACITY })
  for (let i = 0; i < RECORDS; i++) {
    builder.appendRecord(timestamp + i, withKey ? key : null, value, withHeaders ? headers : undefined)
  }
  return builder.build()
}

function streamed(): Uint8Array {
  const builder = new RecordBatchBuilder({ initialCapacity: CAPACITY })
  const out = builder.out
  for (let i = 0; i < RECORDS; i++) {
    builder.beginRecord(timestamp + i, null)
    out.reserve(VALUE_BYTES)
    out.bytes.set(value, out.position)
    out.position += VALUE_BYTES
    builder.endRecord()
  }
  return builder.build()
}

function appendedObjects(): Uint8Array {
  const builder = new RecordBatchBuilder({ initialCapacity: CAPACITY })
  for (let i = 0; i < RECORDS; i++) builder.append({ timestamp: timestamp + i, key: null, value })
  return builder.build()
}

const plain = appended(false, false)
const keyed = appended(true, false)
const headed = appended(true, true)

measure('encode.append', 'records/s', RECORDS, () => appended(false, false).length)
measure('encode.append.object', 'records/s', RECORDS, () => appendedObjects().length)
measure('encode.append.key', 'records/s', RECORDS, () => appended(true, false).length)
measure('encode.append.key.header', 'records/s', RECORDS, () => appended(true, true).length)
measure('encode.streamed', 'records/s', RECORDS, () => streamed().length)
measure('decode', 'records/s', RECORDS, () => decodeBatch(plain, 0).count)
measure('decode.key', 'records/s', RECORDS, () => decodeBatch(keyed, 0).count)
measure('decode.key.header', 'records/s', RECORDS, () => decodeBatch(headed, 0).count)
measure('decode.crc', 'records/s', RECORDS, () => decodeBatch(plain, 0, { verifyCrc: true }).count)
measure('crc.verify', 'bytes/s', plain.length, () => (verifyBatchCrc(plain, 0) ? 1 : 0))
for (const size of [64, 256, 512, 1024, 4096, 65536]) {
  const bytes = plain.subarray(0, size)
  measure(`crc.${size}`, 'bytes/s', size * 100, () => {
    let sum = 0
    for (let i = 0; i < 100; i++) sum += crc32c(bytes)
    return sum & 1
  })
}
measure('murmur2', 'keys/s', 1000, () => {
  let sum = 0
  for (let i = 0; i < 1000; i++) sum += murmur2(key)
  return sum & 1
})
// Rows that differ, so that the codecs have work to do.
const rows = Buffer.from(
  Array.from({ length: RECORDS }, (_, i) =>
    JSON.stringify({ id: i * 7919, name: `user-${i * 31}`, at: timestamp + i * 977 }),
  ).join('\n'),
)
for (const type of compressionTypes) {
  if (type === 'none') continue
  const compressed = compress(type, rows)
  measure(`compress.${type}`, 'bytes/s', rows.length, () => compress(type, rows).length)
  measure(`decompress.${type}`, 'bytes/s', rows.length, () => decompress(type, compressed, rows.length).length)
}
if (sink === 0) process.exitCode = 1
