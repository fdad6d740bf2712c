import {
  GrowableBytes,
  plainJson,
  type SinkBatch,
  type SinkRecord,
  writeAscii,
  writeBytes,
  writeUtf8,
} from 'millrace/connect'

/** Writes the values of records, a line each. */
export function writeRecordLines(out: GrowableBytes, records: readonly SinkRecord[]): void {
  for (const { value } of records) {
    if (value instanceof Uint8Array) writeBytes(out, value)
    else writeUtf8(out, typeof value === 'string' ? value : plainJson(value))
    writeAscii(out, '\n')
  }
}

/** Writes what {@link writeRecordLines} does of the same records. */
export function writeBatchLines(out: GrowableBytes, batch: SinkBatch): void {
  const { bytes, valueStarts, valueEnds, count } = batch
  for (let i = 0; i < count; i++) {
    const start = valueStarts[i] as number
    const end = valueEnds[i] as number
    if (start < 0) writeAscii(out, 'null')
    else if (batch.valueFormat === 'json' && bytes[start] === 0x22)
      writeUtf8(out, JSON.parse(Buffer.from(bytes.subarray(start, end)).toString()) as string)
    else writeBytes(out, bytes, start, end)
    writeAscii(out, '\n')
  }
}
