import { RecordBatchBuilder } from '../../src/protocol/records/encode.ts'
import type { ProducerStamp, RecordBatchOptions } from '../../src/protocol/records/encode.ts'
import { decodeBatch } from '../../src/protocol/records/decode.ts'
import { iterateBatches } from '../../src/protocol/records/batch.ts'

/** A record of a test: text instead of bytes. */
export interface TextRecord {
  readonly key?: string | null
  readonly value: string | null
  readonly timestamp?: number
}

/** One record batch of these records, stamped with the time of now unless they say otherwise. */
export function batchOf(
  records: readonly TextRecord[],
  stamp: ProducerStamp = {},
  options: RecordBatchOptions = {},
): Uint8Array {
  const builder = new RecordBatchBuilder(options)
  for (const { key = null, value, timestamp = Date.now() } of records) {
    builder.append({
      timestamp,
      key: key === null ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
    })
  }
  return builder.build(stamp)
}

/** Offset and value of each record in whole batches. */
export function recordsIn(bytes: Uint8Array | null): { offset: number; value: string | null }[] {
  const found: { offset: number; value: string | null }[] = []
  if (bytes === null) return found
  for (const { position } of iterateBatches(bytes)) {
    const batch = decodeBatch(bytes, position, { maxDecompressedBytes: 1e8 })
    for (let i = 0; i < batch.count; i++) {
      const value = batch.value(i)
      found.push({ offset: batch.offsets[i] ?? -1, value: value === null ? null : Buffer.from(value).toString() })
    }
  }
  return found
}
