import type { Schema } from './data/schema.ts'
import type { Header, SinkRecord, SourceOffset, SourcePartition } from './records.ts'

/**
 * Where a fast-path writer puts its bytes. `reserve(n)` guarantees `n` free bytes from `position` on and may replace
 * `bytes`; write with `out.bytes[out.position++] = …`.
 */
export interface ByteSink {
  bytes: Uint8Array
  position: number
  reserve(n: number): void
}

/** How the JSON converter writes Decimals: its setting `decimal.format`. */
export type DecimalFormat = 'BASE64' | 'NUMERIC'

/**
 * Reads one column's cells, as the source wrote them, out of a row batch.
 * `value` serves the ordinary path (a Connect value, see `Schema`); `writeJson` writes the same value as the JSON
 * converter without schemas would, byte for byte, without making it (`decimals` matters to Decimal columns only).
 * Neither is called for a null cell.
 */
export interface CellReader {
  value(bytes: Uint8Array, start: number, end: number): unknown
  writeJson(out: ByteSink, bytes: Uint8Array, start: number, end: number, decimals: DecimalFormat): void
}

/** A column of a plan: a cell of each row, or the same value in every row. */
export type Column =
  | {
      readonly kind: 'cell'
      /** Position among the row's cells. */
      readonly cell: number
      readonly reader: CellReader
      /** What a transform says a null cell stands for; absent: null. Sources leave it out. */
      readonly whenNull?: unknown
    }
  | { readonly kind: 'constant'; readonly value: unknown }

/**
 * What becomes a record's key or value: a STRUCT schema and a column for each of its fields, in the same order. A
 * transform may make it a single value: then the schema is of another type, and the one column holds the value.
 */
export interface ColumnPlan {
  readonly schema: Schema
  readonly columns: readonly Column[]
}

/** How the rows of a batch become records; what the cheap transforms rewrite, once a batch. */
export interface RowPlan {
  readonly topic: string
  readonly kafkaPartition: number | null
  /** Null: records without a key. */
  readonly key: ColumnPlan | null
  readonly value: ColumnPlan
  /** Record timestamp of every row in milliseconds, or null for the producer's clock. */
  readonly timestamp: number | null
  /** Headers of every record; absent: none. */
  readonly headers?: readonly Header[]
}

/**
 * Rows as the source gave them: the bytes, where each cell lies, and how to read the columns. Nothing is made per row.
 * `starts[row * cellsPerRow + cell]` to `ends[…]` (exclusive) is a cell; start −1 is null.
 * A connector must keep `plan` the same object from batch to batch while the table's shape stays the same, since the
 * runtime caches what it derives from it. The runtime does not touch the bytes and arrays after the batch was
 * converted, which is before the next `poll`: a task may reuse them.
 */
export interface RowBatch {
  readonly plan: RowPlan
  readonly bytes: Uint8Array
  readonly starts: Int32Array
  readonly ends: Int32Array
  readonly rows: number
  readonly cellsPerRow: number
  readonly sourcePartition: SourcePartition
  /** Where to resume once all rows of the batch are stored; null: nothing may be committed yet (or ever: bulk). */
  readonly sourceOffset: SourceOffset | null
}

/** Tells a row batch from a list of records. */
export function isRowBatch(batch: readonly unknown[] | RowBatch): batch is RowBatch {
  return !Array.isArray(batch)
}

/**
 * Records of one topic partition as they lie in Kafka, for sink tasks that can use bytes. Given only when no transform
 * is configured and the value converter stores plain text or bytes; everything else comes as `SinkRecord`s.
 * Arrays have `count` entries; a start of −1 is a null key or value.
 */
export interface SinkBatch {
  readonly topic: string
  readonly partition: number
  readonly count: number
  readonly offsets: Float64Array
  /** Milliseconds since the epoch, −1 for none. */
  readonly timestamps: Float64Array
  readonly bytes: Uint8Array
  readonly keyStarts: Int32Array
  readonly keyEnds: Int32Array
  readonly valueStarts: Int32Array
  readonly valueEnds: Int32Array
  /** `json`: each value is one valid, compact, schemaless JSON text; `bytes`: ByteArrayConverter; `string`: UTF-8. */
  readonly valueFormat: 'json' | 'bytes' | 'string'
  /** The same records on the ordinary path, made on demand. */
  records(): SinkRecord[]
}
