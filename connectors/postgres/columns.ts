import {
  type CellReader,
  type Column,
  date,
  decimal,
  primitive,
  type Schema,
  type SchemaType,
  time,
  timestamp,
  formatJavaFloat,
  writeAscii,
  writeJsonDouble,
} from 'millrace/connect'
import type { CatalogColumn } from './catalog.ts'
import {
  booleanReader,
  bitReader,
  boundedIntegerReader,
  decimalReader,
  type FloatWriter,
  floatReader,
  integerReader,
} from './cells/numbers.ts'
import {
  dateReader,
  epochReader,
  isoReader,
  timeReader,
  type TimestampOptions,
  timestampReader,
  zoneOffset,
} from './cells/temporal.ts'
import { asciiBytesReader, byteaReader, textReader } from './cells/text.ts'
import type { Settings } from './config.ts'

/** How a column is selected and what it becomes. */
export interface MappedColumn {
  readonly name: string
  /** Makes the select expression from the quoted column name. */
  readonly select: (column: string) => string
  readonly schema: Schema
  readonly reader: CellReader
}

type MappingSettings = Pick<Settings, 'numericMapping' | 'granularity' | 'timeZone' | 'prolepticDates'>

const writeJsonFloat: FloatWriter = (out, value) => {
  const text = formatJavaFloat(value)
  writeAscii(out, Number.isFinite(value) ? text : `"${text}"`)
}

const asIs = (column: string): string => column

/**
 * What the JDBC connectors make of a column, or null for the types that they leave out: arrays, ranges, composites,
 * intervals, network addresses and what extensions bring.
 */
export function mapColumn(column: CatalogColumn, settings: MappingSettings): MappedColumn | null {
  const optional = !column.notNull
  const mapped = (schema: Schema, reader: CellReader, select = asIs): MappedColumn => ({
    name: column.name,
    select,
    schema: optional ? { ...schema, optional } : schema,
    reader,
  })
  const plain = (
    type: Exclude<SchemaType, 'ARRAY' | 'MAP' | 'STRUCT'>,
    reader: CellReader,
    select = asIs,
  ): MappedColumn => mapped(primitive(type), reader, select)
  if (column.kind === 'e') return plain('STRING', textReader)
  switch (column.type) {
    case 'int2':
      return plain('INT16', integerReader)
    case 'int4':
      return plain('INT32', integerReader)
    case 'int8':
    case 'oid':
      return plain('INT64', integerReader)
    case 'float4':
      return plain('FLOAT32', floatReader(writeJsonFloat, Math.fround))
    case 'float8':
      return plain('FLOAT64', floatReader(writeJsonDouble))
    case 'money':
      return plain('FLOAT64', floatReader(writeJsonDouble), (name) => `${name}::numeric::float8`)
    case 'numeric':
      return numericColumn(column, settings, mapped)
    case 'bool':
      return plain('BOOLEAN', booleanReader)
    case 'bit':
      if (column.modifier === 1) return plain('BOOLEAN', bitReader)
      return column.modifier <= 8
        ? plain('INT8', boundedIntegerReader(column.name, 0, 127))
        : plain('BYTES', asciiBytesReader)
    case 'text':
    case 'varchar':
    case 'bpchar':
    case 'char':
    case 'name':
    case 'uuid':
    case 'json':
    case 'jsonb':
    case 'xml':
      return plain('STRING', textReader)
    case 'bytea':
      return plain('BYTES', byteaReader)
    case 'date':
      return mapped(date(), dateReader(settings.prolepticDates))
    case 'time':
      return mapped(time(), timeReader)
    case 'timetz':
      return mapped(time(), timeReader, (name) => `(${name} AT TIME ZONE 'UTC')::time(0)`)
    case 'timestamp':
      return timestampColumn(settings, settings.timeZone, mapped)
    case 'timestamptz':
      return timestampColumn(settings, 'UTC', mapped)
    default:
      return null
  }
}

type Make = (schema: Schema, reader: CellReader) => MappedColumn

/** Integer types by the number of decimal digits that surely fit. */
const integerTypes = [
  { digits: 2, type: 'INT8' },
  { digits: 4, type: 'INT16' },
  { digits: 9, type: 'INT32' },
  { digits: 18, type: 'INT64' },
] as const

function numericColumn(column: CatalogColumn, settings: MappingSettings, mapped: Make): MappedColumn {
  const { precision, scale } = numericShape(column.modifier)
  const mapping = settings.numericMapping
  const asDecimal = (): MappedColumn => mapped(decimal(scale), decimalReader(column.name, scale, !column.notNull))
  const asInteger = (): MappedColumn => {
    const { digits, type } = integerTypes.find((candidate) => precision <= candidate.digits) ?? integerTypes[3]
    const limit = Number('9'.repeat(digits))
    return mapped(primitive(type), boundedIntegerReader(column.name, -limit, limit))
  }
  if (mapping === 'none' || (precision > 18 && mapping !== 'best_fit_eager_double')) return asDecimal()
  if (mapping === 'precision_only') return scale === 0 ? asInteger() : asDecimal()
  if (scale > 0) return mapped(primitive('FLOAT64'), floatReader(writeJsonDouble))
  return precision <= 18 && scale >= -84 ? asInteger() : asDecimal()
}

/** Precision and scale out of a numeric's modifier; one without them counts as an integer of unknown length. */
function numericShape(modifier: number): { precision: number; scale: number } {
  if (modifier < 4) return { precision: 0, scale: 0 }
  const packed = modifier - 4
  // Eleven bits of signed scale since PostgreSQL 15, as `numeric(5, -2)` allows.
  const scale = packed & 0x7ff
  return { precision: (packed >> 16) & 0xffff, scale: scale >= 1024 ? scale - 2048 : scale }
}

function timestampColumn(settings: MappingSettings, zone: string, mapped: Make): MappedColumn {
  const options: TimestampOptions = {
    proleptic: settings.prolepticDates,
    zone: zone === 'UTC' ? null : zoneOffset(zone),
  }
  switch (settings.granularity) {
    case 'connect_logical':
      return mapped(timestamp(), timestampReader(options))
    case 'micros_long':
      return mapped(primitive('INT64'), epochReader(options, 'micros', 'long'))
    case 'nanos_long':
      return mapped(primitive('INT64'), epochReader(options, 'nanos', 'long'))
    case 'micros_string':
      return mapped(primitive('STRING'), epochReader(options, 'micros', 'string'))
    case 'nanos_string':
      return mapped(primitive('STRING'), epochReader(options, 'nanos', 'string'))
    case 'micros_iso_datetime_string':
      return mapped(primitive('STRING'), isoReader(options, 'micros'))
    case 'nanos_iso_datetime_string':
      return mapped(primitive('STRING'), isoReader(options, 'nanos'))
  }
}

/** The plan's columns for a list of mapped ones, cell by cell. */
export function planColumns(columns: readonly MappedColumn[]): Column[] {
  return columns.map((column, cell) => ({ kind: 'cell', cell, reader: column.reader }))
}
