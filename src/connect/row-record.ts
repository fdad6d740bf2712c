import type { Column, ColumnPlan, RowBatch } from './batches.ts'
import type { SourceRecord } from './records.ts'

/** Makes the ordinary record of one row: what the fast path writes without making it. */
export function rowRecord(batch: RowBatch, row: number): SourceRecord {
  const { plan } = batch
  return {
    topic: plan.topic,
    kafkaPartition: plan.kafkaPartition,
    keySchema: plan.key?.schema ?? null,
    key: plan.key === null ? null : rowValue(batch, plan.key, row),
    valueSchema: plan.value.schema,
    value: rowValue(batch, plan.value, row),
    timestamp: plan.timestamp,
    ...(plan.headers === undefined ? {} : { headers: plan.headers }),
    sourcePartition: batch.sourcePartition,
    sourceOffset: batch.sourceOffset ?? {},
  }
}

function rowValue(batch: RowBatch, { schema, columns }: ColumnPlan, row: number): unknown {
  if (schema.type !== 'STRUCT') return columns[0] === undefined ? null : cellValue(batch, row, columns[0])
  const struct: Record<string, unknown> = {}
  const fields = schema.fields ?? []
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i]
    const field = fields[i]
    if (column !== undefined && field !== undefined) struct[field.name] = cellValue(batch, row, column)
  }
  return struct
}

function cellValue(batch: RowBatch, row: number, column: Column): unknown {
  if (column.kind === 'constant') return column.value
  const at = row * batch.cellsPerRow + column.cell
  const start = batch.starts[at] as number
  return start < 0 ? (column.whenNull ?? null) : column.reader.value(batch.bytes, start, batch.ends[at] as number)
}
