import type { ByteSink } from './byte-sink.ts'
import { CorruptRecordError } from './corrupt-record-error.ts'
import { writeField } from './fields.ts'
import { cursor, readVarint, writeVarint } from './varint.ts'

// Headers => count varint, [key length varint, key UTF-8, value length varint (−1 null), value]

const MAX_VARINT_SIZE = 5
/** UTF-8 bytes that one UTF-16 unit can take. */
const MAX_UTF8_PER_UNIT = 3

/** One record header. Keys may repeat; order is kept. */
export interface RecordHeader {
  key: string
  value: Uint8Array | null
}

/** Appends the headers and their count to `sink`. */
export function writeHeaders(sink: ByteSink, headers: readonly RecordHeader[]): void {
  let room = MAX_VARINT_SIZE
  for (const { key, value } of headers) {
    room += 2 * MAX_VARINT_SIZE + MAX_UTF8_PER_UNIT * key.length + (value === null ? 0 : value.length)
  }
  sink.reserve(room)
  const { bytes } = sink
  let position = writeVarint(bytes, sink.position, headers.length)
  for (const { key, value } of headers) {
    position = writeKey(bytes, position, key)
    position = writeField(bytes, position, value)
  }
  sink.position = position
}

/** Header keys are nearly always short ASCII, for which a loop beats the call into the encoder. */
function writeKey(bytes: Uint8Array, start: number, key: string): number {
  const length = key.length
  let position = writeVarint(bytes, start, length)
  for (let i = 0; i < length; i++) {
    const unit = key.charCodeAt(i)
    if (unit > 0x7f) return writeField(bytes, start, Buffer.from(key))
    bytes[position++] = unit
  }
  return position
}

/** Reads the headers at `position`; values are views of `bytes`. @throws CorruptRecordError when they do not end at `end`. */
export function readHeaders(bytes: Uint8Array, position: number, end: number): RecordHeader[] {
  const headers: RecordHeader[] = []
  const count = readVarint(bytes, position, end)
  position = cursor
  for (let i = 0; i < count; i++) {
    const keyEnd = fieldEnd(readVarint(bytes, position, end), cursor, end)
    const keyStart = cursor
    const length = readVarint(bytes, keyEnd, end)
    const valueStart = cursor
    position = length === -1 ? valueStart : fieldEnd(length, valueStart, end)
    headers.push({
      key: Buffer.from(bytes.buffer, bytes.byteOffset + keyStart, keyEnd - keyStart).toString('utf8'),
      value: length === -1 ? null : bytes.subarray(valueStart, position),
    })
  }
  return headers
}

/** Walks over the headers at `position` without reading them. @throws CorruptRecordError when they do not end at `end`. */
export function checkHeaders(bytes: Uint8Array, position: number, end: number): void {
  const count = readVarint(bytes, position, end)
  position = cursor
  if (count < 0) throw new CorruptRecordError('records', `a record declares ${count} headers`)
  for (let i = 0; i < count; i++) {
    const keyEnd = fieldEnd(readVarint(bytes, position, end), cursor, end)
    const length = readVarint(bytes, keyEnd, end)
    position = length === -1 ? cursor : fieldEnd(length, cursor, end)
  }
  if (position !== end) throw new CorruptRecordError('records', 'a record is longer than its fields')
}

function fieldEnd(length: number, start: number, end: number): number {
  if (length >= 0 && length <= end - start) return start + length
  throw new CorruptRecordError('records', `a header declares a field of ${length} bytes where ${end - start} are left`)
}
