import type { ByteSink, ColumnPlan, RowBatch } from './batches.ts'
import type { ConfigDeclaration } from './config/declaration.ts'
import type { PluginIdentity } from './connector.ts'
import type { Schema } from './data/schema.ts'

export interface SchemaAndValue {
  readonly schema: Schema | null
  readonly value: unknown
}

/** Writes the key or value of one row straight to bytes. */
export type RowWriter = (out: ByteSink, batch: RowBatch, row: number) => void

/** Turns Connect data into bytes and back, for record keys or values. Throws `DataError` for what it cannot convert. */
export interface Converter {
  fromConnectData(topic: string, schema: Schema | null, value: unknown): Uint8Array | null
  toConnectData(topic: string, bytes: Uint8Array | null): SchemaAndValue
  /** Fast path of sources: a writer for rows of this plan, giving the same bytes as `fromConnectData`; null if it has none. */
  rowWriter?(topic: string, plan: ColumnPlan): RowWriter | null
  /**
   * Fast path of sinks: what a sink may take the stored bytes for, when `accepts` says so for each value. A batch with
   * a value that is not accepted goes the ordinary way, where it is converted or found faulty.
   */
  readonly raw?: {
    readonly format: 'json' | 'bytes' | 'string'
    accepts(bytes: Uint8Array, start: number, end: number): boolean
  } | null
}

export interface ConverterPlugin<P = unknown> extends PluginIdentity {
  readonly kind: 'converter'
  readonly config: ConfigDeclaration<P>
  create(props: P, use: 'key' | 'value' | 'header'): Converter
}

/** Header values to bytes and back. */
export interface HeaderConverter {
  fromConnectHeader(topic: string, key: string, schema: Schema | null, value: unknown): Uint8Array | null
  toConnectHeader(topic: string, key: string, bytes: Uint8Array | null): SchemaAndValue
}

export interface HeaderConverterPlugin<P = unknown> extends PluginIdentity {
  readonly kind: 'header_converter'
  readonly config: ConfigDeclaration<P>
  create(props: P): HeaderConverter
}

export function defineConverter<P>(plugin: Omit<ConverterPlugin<P>, 'kind'>): ConverterPlugin<P> {
  return { ...plugin, kind: 'converter' }
}

export function defineHeaderConverter<P>(plugin: Omit<HeaderConverterPlugin<P>, 'kind'>): HeaderConverterPlugin<P> {
  return { ...plugin, kind: 'header_converter' }
}
