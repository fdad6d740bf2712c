import { BATCH_OVERHEAD, CODEC_MASK, DELETE_HORIZON_BIT, writeBatchHeader } from './batch.ts'
import { GrowingSink } from './byte-sink.ts'
import { compress } from './compression/index.ts'
import type { RecordColumns } from './decode.ts'
import { fieldSize, writeField } from './fields.ts'
import { varintSize, varlongSize, writeVarint, writeVarlong } from './varint.ts'

export interface RebuildOptions {
  /** Sets the delete horizon (ms) of the batch. Default: the one it has, if any. */
  deleteHorizon?: number
}

/**
 * The batch again, with only the records for which `keep(i)` holds, as log compaction writes it. Base offset, last offset
 * delta, producer fields, leader epoch, codec and the offsets of the kept records stay; timestamps are computed anew. With no
 * record kept the result is an empty batch (count 0, no codec), which still carries offsets and sequence.
 */
export function rebuildBatch(
  columns: RecordColumns,
  keep: (i: number) => boolean,
  options: RebuildOptions = {},
): Uint8Array {
  const { header, bytes, count, offsets, timestamps, headersStarts, recordEnds } = columns
  const hasHorizon = options.deleteHorizon !== undefined || header.hasDeleteHorizon
  let baseTimestamp = options.deleteHorizon ?? header.baseTimestamp
  let maxTimestamp = -1
  let kept = 0
  const out = new GrowingSink(BATCH_OVERHEAD + Math.max(256, bytes.length >>> 1))
  out.position = BATCH_OVERHEAD
  for (let i = 0; i < count; i++) {
    if (!keep(i)) continue
    const timestamp = timestamps[i] as number
    if (kept === 0 && !hasHorizon) baseTimestamp = timestamp
    if (kept === 0 || timestamp > maxTimestamp) maxTimestamp = timestamp
    kept++
    const delta = timestamp - baseTimestamp
    const offsetDelta = (offsets[i] as number) - header.baseOffset
    const key = columns.key(i)
    const value = columns.value(i)
    const headers = bytes.subarray(headersStarts[i], recordEnds[i])
    const length = 1 + varlongSize(delta) + varintSize(offsetDelta) + fieldSize(key) + fieldSize(value) + headers.length
    out.reserve(length + 5)
    let position = writeVarint(out.bytes, out.position, length)
    out.bytes[position++] = 0
    position = writeVarlong(out.bytes, position, delta)
    position = writeVarint(out.bytes, position, offsetDelta)
    position = writeField(out.bytes, position, key)
    position = writeField(out.bytes, position, value)
    out.bytes.set(headers, position)
    out.position = position + headers.length
  }
  const isEmpty = kept === 0
  const records = out.bytes.subarray(BATCH_OVERHEAD, out.position)
  const content = isEmpty ? records : compress(header.compression, records)
  const batch = Buffer.allocUnsafeSlow(BATCH_OVERHEAD + content.length)
  batch.set(content, BATCH_OVERHEAD)
  let attributes = header.attributes
  if (isEmpty) attributes &= ~(CODEC_MASK | DELETE_HORIZON_BIT)
  else if (hasHorizon) attributes |= DELETE_HORIZON_BIT
  writeBatchHeader(batch, {
    ...header,
    attributes,
    baseTimestamp: isEmpty ? header.maxTimestamp : baseTimestamp,
    maxTimestamp: isEmpty ? header.maxTimestamp : maxTimestamp,
    recordsCount: kept,
  })
  return batch
}
