import type { ByteSink, SinkBatch } from 'millrace/connect'

// Guarded by bench/micro/s3-writer.ts: every record of the fast path goes through here.

/** Larger stretches fall out of the processor's caches between the two steps. */
const STRETCH_BYTES = 128 * 1024

/**
 * Appends values from `from` on, each followed by `separator`, until `to` (exclusive) or until `limit` bytes are in
 * `out`, and gives the index of the first value that it did not append. No value may be null.
 *
 * Values lie apart in a batch, with keys and lengths between them. One native copy a record costs more than the bytes
 * of a record do, so that a stretch of them is copied at once and then closed up in place. Where separators are longer
 * than what lies between the values, the stretch is copied `shift` bytes further, so that no value is overwritten
 * before it was moved.
 */
export function copyValues(
  out: ByteSink,
  batch: SinkBatch,
  from: number,
  to: number,
  separator: Uint8Array,
  limit: number,
): number {
  const separatorLength = separator.length
  let i = from
  while (i < to && out.position < limit) {
    const first = batch.valueStarts[i] as number
    const longest = Math.min(limit - out.position, STRETCH_BYTES)
    let end = i
    let payload = 0
    let shift = 0
    let last = first
    while (end < to && payload < longest) {
      const start = batch.valueStarts[end] as number
      if (start < last) break
      if (payload - (start - first) > shift) shift = payload - (start - first)
      last = batch.valueEnds[end] as number
      payload += last - start + separatorLength
      end++
    }
    if (end - i < 2 || last - first > 3 * payload) copyEach(out, batch, i, Math.max(end, i + 1), separator)
    else copyStretch(out, batch, i, end, separator, payload, shift)
    i = Math.max(end, i + 1)
  }
  return i
}

function copyEach(out: ByteSink, batch: SinkBatch, from: number, to: number, separator: Uint8Array): void {
  for (let i = from; i < to; i++) {
    const start = batch.valueStarts[i] as number
    const end = batch.valueEnds[i] as number
    out.reserve(end - start + separator.length)
    out.bytes.set(batch.bytes.subarray(start, end), out.position)
    out.position += end - start
    out.bytes.set(separator, out.position)
    out.position += separator.length
  }
}

function copyStretch(
  out: ByteSink,
  batch: SinkBatch,
  from: number,
  to: number,
  separator: Uint8Array,
  payload: number,
  shift: number,
): void {
  const { valueStarts, valueEnds } = batch
  const first = valueStarts[from] as number
  const last = valueEnds[to - 1] as number
  out.reserve(Math.max(payload, shift + last - first))
  const target = out.bytes
  let position = out.position
  const base = position + shift - first
  target.set(batch.bytes.subarray(first, last), position + shift)
  const isLineFeed = separator.length === 1
  const byte = separator[0] ?? 0
  for (let i = from; i < to; i++) {
    const start = valueStarts[i] as number
    const end = valueEnds[i] as number
    target.copyWithin(position, base + start, base + end)
    position += end - start
    if (isLineFeed) target[position++] = byte
    else {
      target.set(separator, position)
      position += separator.length
    }
  }
  out.position = position
}
