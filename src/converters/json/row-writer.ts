// Guarded by bench/micro/json-converter.ts: this loop runs over every cell of a source that gives row batches.
import {
  type CellReader,
  type ColumnPlan,
  DataError,
  type DecimalFormat,
  type Field,
  fieldPrefix,
  GrowableBytes,
  LastView,
  type PayloadWriters,
  type RowWriter,
  type Schema,
  writeBytes,
} from '../../connect/index.ts'

const openObject = Buffer.from('{')
const closeObject = Buffer.from('}')

/** Bytes that are copied together, and how many may so be read or written beyond what is meant. */
const WORD = 4
const SPARE = WORD - 1

/** What is written for one cell: the bytes before it, then the cell or its null form. */
interface CellStep {
  readonly before: Uint8Array
  /** The same, four bytes a word, filled up with zeros. */
  readonly words: Int32Array
  readonly cell: number
  readonly reader: CellReader
  /** The reader's `writeJson`. */
  readonly write: CellReader['writeJson']
  /** Whether the cell's bytes are copied as they are. */
  readonly isVerbatim: boolean
  /** Null: a null cell is an error. */
  readonly whenNull: Uint8Array | null
  /** Null when the cell is the value itself. */
  readonly field: string | null
}

/**
 * A writer for rows of a plan: `head`, the row as a JSON object, `tail`; null for a plan that needs the ordinary path.
 * Gives the bytes that the ordinary path would.
 * All that is the same in every row (names, constants, punctuation) is written once, here.
 */
export function jsonRowWriter(
  plan: ColumnPlan,
  writers: PayloadWriters,
  head: Uint8Array,
  tail: Uint8Array,
): RowWriter | null {
  const { schema, columns } = plan
  const isStruct = schema.type === 'STRUCT'
  if (columns.length !== (isStruct ? schema.fields?.length : 1)) return null
  try {
    return compileRow(plan, isStruct ? (schema.fields ?? []) : null, writers, head, tail)
  } catch (error) {
    // A constant that its schema does not allow: the ordinary path then says so for each record.
    if (error instanceof DataError) return null
    throw error
  }
}

function compileRow(
  { schema, columns }: ColumnPlan,
  fields: readonly Field[] | null,
  writers: PayloadWriters,
  head: Uint8Array,
  tail: Uint8Array,
): RowWriter {
  const pending = new GrowableBytes(256)
  writeBytes(pending, head)
  if (fields?.length === 0) writeBytes(pending, openObject)
  const steps: CellStep[] = []
  for (const [i, column] of columns.entries()) {
    const field = fields === null ? null : (fields[i] as Field)
    if (field !== null) writeBytes(pending, fieldPrefix(field.name, i === 0))
    const cellSchema = field?.schema ?? schema
    if (column.kind === 'constant') {
      writers.for(cellSchema)(pending, column.value)
      continue
    }
    const before = pending.copy()
    pending.reset()
    const reader = readerFor(cellSchema, column.reader, writers)
    steps.push({
      before,
      words: wordsOf(before),
      cell: column.cell,
      reader,
      // oxlint-disable-next-line typescript/unbound-method -- called with its reader
      write: reader.writeJson,
      isVerbatim: reader.writeJson === writeBytes,
      whenNull: nullForm(cellSchema, column.whenNull ?? null, writers),
      field: field?.name ?? null,
    })
  }
  if (fields !== null) writeBytes(pending, closeObject)
  writeBytes(pending, tail)
  return runSteps(steps, writers.decimalFormat, pending.copy())
}

/**
 * The loop over a row's cells. Per cell: the bytes before it, copied here because they are short, and then the reader's
 * writing, called through a field of the step (looking `writeJson` up in readers of many shapes costs more than a short
 * cell). Cells that go out as they are (`writeBytes`: numbers) are copied here too, and four bytes at once. Together twice the
 * rows per CPU second.
 */
function runSteps(steps: readonly CellStep[], decimals: DecimalFormat, end: Uint8Array): RowWriter {
  const source = new LastView()
  const target = new LastView()
  return (out, { bytes, starts, ends, cellsPerRow }, row) => {
    const from = source.of(bytes)
    const base = row * cellsPerRow
    for (let i = 0; i < steps.length; i++) {
      const step = steps[i] as CellStep
      const { words, cell } = step
      const start = starts[base + cell] as number
      const cellEnd = ends[base + cell] as number
      const isVerbatim = step.isVerbatim && start >= 0
      const needed = words.length * WORD + (isVerbatim ? cellEnd - start + SPARE : 0)
      let position = out.position
      if (out.bytes.length - position < needed) out.reserve(needed)
      const to = target.of(out.bytes)
      for (let k = 0; k < words.length; k++) to.setInt32(position + k * WORD, words[k] as number, true)
      position += step.before.length
      if (isVerbatim && cellEnd + SPARE <= bytes.length) {
        for (let at = start, p = position; at < cellEnd; at += WORD, p += WORD)
          to.setInt32(p, from.getInt32(at, true), true)
        out.position = position + cellEnd - start
        continue
      }
      out.position = position
      if (start >= 0) step.write.call(step.reader, out, bytes, start, cellEnd, decimals)
      else if (step.whenNull !== null) writeBytes(out, step.whenNull)
      else
        throw new DataError(
          `Conversion error: null value for ${step.field === null ? 'a value' : `field ${step.field}`} that is required and has no default value`,
        )
    }
    writeBytes(out, end)
  }
}

function wordsOf(bytes: Uint8Array): Int32Array {
  const padded = new Uint8Array(Math.ceil(bytes.length / WORD) * WORD)
  padded.set(bytes)
  // Read as they will be written: little-endian, whatever the order of this machine.
  const view = new DataView(padded.buffer)
  return Int32Array.from({ length: padded.length / WORD }, (_none, i) => view.getInt32(i * WORD, true))
}

/** The column's own writing, unless the converter's settings ask for what a column cannot know: nulls in place of defaults. */
function readerFor(schema: Schema, reader: CellReader, writers: PayloadWriters): CellReader {
  if (writers.writesNestedDefaults(schema)) return reader
  const write = writers.for(schema)
  return {
    value: (bytes, start, end) => reader.value(bytes, start, end),
    writeJson(out, bytes, start, end) {
      write(out, reader.value(bytes, start, end))
    },
  }
}

function nullForm(schema: Schema, value: unknown, writers: PayloadWriters): Uint8Array | null {
  const out = new GrowableBytes(16)
  try {
    writers.for(schema)(out, value)
  } catch (error) {
    if (error instanceof DataError) return null
    throw error
  }
  return out.copy()
}
