import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import { defaultLogConfig, type LogConfig, type LogDeps, PartitionLog } from '../../../src/broker/log/index.ts'
import {
  type CompressionType,
  decodeBatch,
  iterateBatches,
  RecordBatchBuilder,
} from '../../../src/protocol/records/index.ts'

/** The time that fake clocks of these tests begin with. */
export const START_MS = 1_700_000_000_000

/** A folder that is removed after the test. */
export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-log-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export interface FakeClock {
  ms: number
  now: () => number
}

export function fakeClock(): FakeClock {
  const clock: FakeClock = { ms: START_MS, now: () => clock.ms }
  return clock
}

/** Opens (or opens again) the log of partition `t-0` in `folder`. */
export async function openLog(
  folder: string,
  config: Partial<LogConfig> = {},
  deps: Partial<LogDeps> = {},
): Promise<PartitionLog> {
  return await PartitionLog.open(
    join(folder, 't-0'),
    { topic: 't', partition: 0 },
    { ...defaultLogConfig, ...config },
    { logger: silentLogger, ...deps },
  )
}

export interface TestRecord {
  key?: string | null
  value?: string | null
  timestamp?: number
}

export interface TestBatch {
  compression?: CompressionType
  producerId?: number
  producerEpoch?: number
  baseSequence?: number
  transactional?: boolean
}

/** A batch as a producer sends it. */
export function batchOf(records: readonly TestRecord[], options: TestBatch = {}): Uint8Array {
  const { compression = 'none', ...stamp } = options
  const builder = new RecordBatchBuilder({ compression })
  for (const { key = null, value = 'v', timestamp = START_MS } of records) {
    builder.append({
      timestamp,
      key: key === null ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
    })
  }
  return builder.build(stamp)
}

/** A batch of `count` records `prefix-0`, `prefix-1` … */
export function numbered(prefix: string, count: number, options: TestBatch & { timestamp?: number } = {}): Uint8Array {
  const { timestamp = START_MS, ...rest } = options
  return batchOf(
    Array.from({ length: count }, (_, i) => ({ key: `${prefix}-${i}`, value: `value of ${prefix}-${i}`, timestamp })),
    rest,
  )
}

export async function appendBatch(log: PartitionLog, batch: Uint8Array, requireFlush = false): Promise<number> {
  const { baseOffset } = await log.append(batch, { origin: 'client', requireFlush })
  return baseOffset
}

export interface ReadRecord {
  offset: number
  key: string | null
  value: string | null
  timestamp: number
}

export function recordsIn(bytes: Uint8Array): ReadRecord[] {
  const records: ReadRecord[] = []
  for (const header of iterateBatches(bytes)) {
    const columns = decodeBatch(bytes, header.position, { verifyCrc: true })
    if (header.isControl) continue
    for (let i = 0; i < columns.count; i++) {
      const key = columns.key(i)
      const value = columns.value(i)
      records.push({
        offset: columns.offsets[i] as number,
        key: key === null ? null : Buffer.from(key).toString(),
        value: value === null ? null : Buffer.from(value).toString(),
        timestamp: columns.timestamps[i] as number,
      })
    }
  }
  return records
}

/** Reads from `offset` to the visible end the way a consumer does. */
export async function readFrom(log: PartitionLog, offset: number, maxBytes = 1048576): Promise<ReadRecord[]> {
  const records: ReadRecord[] = []
  for (;;) {
    const { records: bytes } = await log.read(offset, maxBytes, { minOneBatch: true, isolation: 'read_uncommitted' })
    if (bytes.length === 0) return records
    records.push(...recordsIn(bytes).filter((record) => record.offset >= offset))
    offset = ([...iterateBatches(bytes)].at(-1)?.lastOffset ?? offset) + 1
  }
}

export async function readAll(log: PartitionLog, maxBytes?: number): Promise<ReadRecord[]> {
  return await readFrom(log, log.logStartOffset, maxBytes)
}

/** Keys of all visible records, in order. */
export async function keysOf(log: PartitionLog): Promise<(string | null)[]> {
  return (await readAll(log)).map(({ key }) => key)
}
