import {
  type ByteSink,
  DataError,
  PayloadWriters,
  type Schema,
  type SinkBatch,
  type SinkRecord,
  writeBytes,
  writeJsonBase64,
  writeJsonString,
} from 'millrace/connect'
import { placeOf } from '../partition/field-value.ts'
import type { FormatSettings } from '../settings.ts'
import { copyValues } from './copy-values.ts'

const optionalString: Schema = { type: 'STRING', optional: true }
const optionalBytes: Schema = { type: 'BYTES', optional: true }

/** The schema that the values of a byte batch would have as records. */
export function schemaOfBatch(batch: SinkBatch): Schema | null {
  if (batch.valueFormat === 'json') return null
  return batch.valueFormat === 'string' ? optionalString : optionalBytes
}

/** Turns values into the content of objects. */
export interface ValueFormat {
  /** Appends one value, which is not null. Throws `DataError`, and may have written a part of it then. */
  write(out: ByteSink, record: SinkRecord): void
  /**
   * Appends values of a batch, none of them null, until `to` or until `limit` bytes are in `out`; gives the index of
   * the first that it did not append. The same bytes as `write`.
   */
  writeBatch(out: ByteSink, batch: SinkBatch, from: number, to: number, limit: number): number
}

export function valueFormat(settings: FormatSettings): ValueFormat {
  return settings.kind === 'json' ? new JsonLines(settings) : new ByteValues(settings)
}

/** JSON texts, one a line: what the JSON converter writes without schemas. */
class JsonLines implements ValueFormat {
  readonly #separator: Uint8Array
  readonly #writers: PayloadWriters

  constructor({ separator, decimals }: FormatSettings) {
    this.#separator = separator
    this.#writers = new PayloadWriters({ decimalFormat: decimals, replaceNullWithDefault: true })
  }

  write(out: ByteSink, record: SinkRecord): void {
    this.#writers.for(record.valueSchema ?? null)(out, record.value)
    writeBytes(out, this.#separator)
  }

  writeBatch(out: ByteSink, batch: SinkBatch, from: number, to: number, limit: number): number {
    if (batch.valueFormat === 'json') return copyValues(out, batch, from, to, this.#separator, limit)
    const write = batch.valueFormat === 'string' ? writeJsonString : writeJsonBase64
    let i = from
    for (; i < to && out.position < limit; i++) {
      write(out, batch.bytes, batch.valueStarts[i] as number, batch.valueEnds[i] as number)
      writeBytes(out, this.#separator)
    }
    return i
  }
}

/** The bytes of values, each followed by the separator. */
class ByteValues implements ValueFormat {
  readonly #separator: Uint8Array

  constructor({ separator }: FormatSettings) {
    this.#separator = separator
  }

  write(out: ByteSink, record: SinkRecord): void {
    const schema = record.valueSchema ?? null
    if (!(record.value instanceof Uint8Array) || (schema !== null && schema.type !== 'BYTES'))
      throw notBytes(placeOf(record))
    writeBytes(out, record.value)
    writeBytes(out, this.#separator)
  }

  writeBatch(out: ByteSink, batch: SinkBatch, from: number, to: number, limit: number): number {
    if (batch.valueFormat !== 'bytes')
      throw notBytes(`${batch.topic}-${batch.partition} at offset ${batch.offsets[from]}`)
    return copyValues(out, batch, from, to, this.#separator, limit)
  }
}

function notBytes(place: string): DataError {
  return new DataError(
    `The value of ${place} is not bytes: the ByteArrayFormat needs value.converter=org.apache.kafka.connect.converters.ByteArrayConverter`,
  )
}
