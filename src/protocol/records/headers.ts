import type { ByteSink } from './byte-sink.ts'
import { CorruptRecordError } from './corrupt-record-error.ts'
import { fieldSize, writeField } from './fields.ts'
import { cursor, readVarint, varintSize, writeVarint } from './varint.ts'

// Headers => count varint, [key length varint, key UTF-8, value length varint (−1 null), value]

/** One record header. Keys may repeat; order is kept. */
export interface RecordHeader {
  key: string
  value: Uint8Array | null
}

/** Bytes that the headers take, their count included. */
export function headersSize(headers: readonly RecordHeader[]): number {
  let size = varintSize(headers.length)
  for (const { key, value } of headers) {
    const keyLength = Buffer.byteLength(key)
    size += varintSize(keyLength) + keyLength + fieldSize(value)
  }
  return size
}

/** Appends the headers and their count to `sink`. */
export function writeHeaders(sink: ByteSink, headers: readonly RecordHeader[]): void {
  sink.reserve(headersSize(headers))
  const { bytes } = sink
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  let position = writeVarint(bytes, sink.position, headers.length)
  for (const { key, value } of headers) {
    position = writeVarint(bytes, position, Buffer.byteLength(key))
    position += text.write(key, position)
    position = writeField(bytes, position, value)
  }
  sink.position = position
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
