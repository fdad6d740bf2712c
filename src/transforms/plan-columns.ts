import {
  type CellReader,
  type Column,
  type ColumnPlan,
  type Field,
  PayloadWriters,
  type RowPlan,
  type Schema,
} from '../connect/index.ts'
import type { Part } from './record-part.ts'

export function planOf(plan: RowPlan, part: Part): ColumnPlan | null {
  return plan[part]
}

export function withPlan(plan: RowPlan, part: Part, columns: ColumnPlan): RowPlan {
  return part === 'key' ? { ...plan, key: columns } : { ...plan, value: columns }
}

/** A column whose nulls are read likewise. */
export function readColumn(schema: Schema, column: Column, replaceNull: boolean): Column {
  const fallback = replaceNull ? (schema.default ?? null) : null
  if (fallback === null) return column
  if (column.kind === 'constant') return { ...column, value: column.value ?? fallback }
  return { ...column, whenNull: column.whenNull ?? fallback }
}

/** All columns of a struct's plan, whose nulls are read likewise. */
export function readColumns({ schema, columns }: ColumnPlan, replaceNull: boolean): Column[] {
  const fields = schema.fields ?? []
  return columns.map((column, i) => readColumn((fields[i] as Field).schema, column, replaceNull))
}

/**
 * A column with other values: `change` of each one that is not null, which must not throw. `schema` is that of the new
 * values.
 */
export function mapColumn(column: Column, schema: Schema, change: (value: unknown) => unknown): Column {
  const orNull = (value: unknown): unknown => (value === null || value === undefined ? null : change(value))
  if (column.kind === 'constant') return { kind: 'constant', value: orNull(column.value) }
  const { cell, reader } = column
  const read: CellReader['value'] = (bytes, start, end) => change(reader.value(bytes, start, end))
  return { kind: 'cell', cell, reader: readerOf(schema, read), whenNull: orNull(column.whenNull) }
}

/** A column where `value` stands in place of everything that is not null. */
export function maskColumn(column: Column, schema: Schema, value: unknown): Column {
  const orNull = (known: unknown): unknown => (known === null || known === undefined ? null : value)
  if (column.kind === 'constant') return { kind: 'constant', value: orNull(column.value) }
  const { cell } = column
  return { kind: 'cell', cell, reader: readerOf(schema, () => value), whenNull: orNull(column.whenNull) }
}

function readerOf(schema: Schema, value: CellReader['value']): CellReader {
  const write = {
    BASE64: new PayloadWriters({ decimalFormat: 'BASE64', replaceNullWithDefault: false }).for(schema),
    NUMERIC: new PayloadWriters({ decimalFormat: 'NUMERIC', replaceNullWithDefault: false }).for(schema),
  }
  return {
    value,
    writeJson: (out, bytes, start, end, decimals) => write[decimals](out, value(bytes, start, end)),
  }
}
