import {
  millraceVersion,
  type ColumnPlan,
  type Converter,
  DataError,
  decodeUtf8,
  defineConverter,
  GrowableBytes,
  JSON_COMPACT,
  parseJson,
  parseLenientJson,
  PayloadWriters,
  type RowWriter,
  type Schema,
  type SchemaAndValue,
  scanJson,
  writeAscii,
  writeBytes,
} from '../../connect/index.ts'
import { jsonConverterConfig, type JsonConverterProps } from './config.ts'
import { readPayload, readSchemaless } from './payload-reader.ts'
import { jsonRowWriter } from './row-writer.ts'
import { schemaFromJson, writeSchemaJson } from './schema-json.ts'

const nothing = new Uint8Array(0)
const envelopeEnd = Buffer.from('}')
const schemalessHead = Buffer.from('{"schema":null,"payload":')

/** Integers that may not fit into 64 bits have at least this many digits. */
const mayOverflow = /\d{19}/

/** Kafka Connect's JSON form of data, with the schema in each message or without. */
export class JsonConverter implements Converter {
  readonly raw: NonNullable<Converter['raw']> | null
  readonly #withSchemas: boolean
  readonly #replaceNull: boolean
  readonly #cacheSize: number
  readonly #fixedSchema: Schema | null
  readonly #writers: PayloadWriters
  readonly #heads = new WeakMap<Schema, Uint8Array>()
  readonly #schemas = new Map<string, Schema | null>()
  readonly #out = new GrowableBytes(4096)
  /** Text before the payload of the envelope read last, and the schema in it: most messages begin alike. */
  #lastHead: string | null = null
  #lastSchema: Schema | null = null

  constructor(props: JsonConverterProps) {
    this.#withSchemas = props['schemas.enable']
    this.#replaceNull = props['replace.null.with.default']
    this.#cacheSize = props['schemas.cache.size']
    this.#writers = new PayloadWriters({
      decimalFormat: props['decimal.format'],
      replaceNullWithDefault: this.#replaceNull,
    })
    const content = props['schema.content']
    this.#fixedSchema = this.#withSchemas && content !== null && content !== '' ? this.#parseSchema(content) : null
    this.raw = this.#withSchemas ? null : { format: 'json', accepts: isCompactJsonValue }
  }

  fromConnectData(_topic: string, schema: Schema | null, value: unknown): Uint8Array | null {
    return refusingDeepNesting(() => this.#write(schema, value))
  }

  toConnectData(_topic: string, bytes: Uint8Array | null): SchemaAndValue {
    return refusingDeepNesting(() => this.#read(bytes))
  }

  #write(schema: Schema | null, value: unknown): Uint8Array | null {
    const isNull = value === null || value === undefined
    if (schema === null && isNull) return null
    const out = this.#out
    out.reset()
    if (this.#withSchemas) writeBytes(out, this.#head(schema))
    this.#writers.for(schema)(out, value)
    if (this.#withSchemas) writeBytes(out, envelopeEnd)
    return out.copy()
  }

  rowWriter(_topic: string, plan: ColumnPlan): RowWriter | null {
    if (!this.#withSchemas) return jsonRowWriter(plan, this.#writers, nothing, nothing)
    return jsonRowWriter(plan, this.#writers, this.#head(plan.schema), envelopeEnd)
  }

  #read(bytes: Uint8Array | null): SchemaAndValue {
    if (bytes === null || bytes.length === 0) return { schema: null, value: null }
    const text = decode(bytes)
    if (!this.#withSchemas) {
      const json = parse(text, false)
      return { schema: null, value: mayOverflow.test(text) ? readSchemaless(json) : json }
    }
    if (this.#fixedSchema !== null) {
      return { schema: this.#fixedSchema, value: readPayload(this.#fixedSchema, parse(text, true), this.#replaceNull) }
    }
    return this.#readAfterKnownHead(text) ?? this.#readEnvelope(text)
  }

  /** The envelope up to the payload, made once a schema. */
  #head(schema: Schema | null): Uint8Array {
    if (schema === null) return schemalessHead
    let head = this.#heads.get(schema)
    if (head === undefined) {
      const out = new GrowableBytes(1024)
      writeAscii(out, '{"schema":')
      writeSchemaJson(out, schema, this.#writers)
      writeAscii(out, ',"payload":')
      head = out.copy()
      this.#heads.set(schema, head)
    }
    return head
  }

  /** Parses only the payload when the text begins as the last one did; null when that does not work out. */
  #readAfterKnownHead(text: string): SchemaAndValue | null {
    const head = this.#lastHead
    if (head === null || !text.startsWith(head) || !text.endsWith('}')) return null
    let payload: unknown
    try {
      payload = parseJson(text.slice(head.length, -1), true)
    } catch (error) {
      if (error instanceof SyntaxError) return null
      throw error
    }
    return this.#withPayload(this.#lastSchema, payload)
  }

  #readEnvelope(text: string): SchemaAndValue {
    const json = parse(text, true)
    const envelope = (typeof json === 'object' && !Array.isArray(json) ? json : null) as Record<string, unknown> | null
    if (envelope === null || Object.keys(envelope).length !== 2 || !('schema' in envelope && 'payload' in envelope))
      throw new DataError(
        'JsonConverter with schemas.enable requires "schema" and "payload" fields and may not contain additional fields.' +
          ' If you are trying to deserialize plain JSON data, set schemas.enable=false in your converter configuration.',
      )
    const schemaText = JSON.stringify(envelope['schema'], (_key, value: unknown) =>
      typeof value === 'bigint' ? `${value}n` : value,
    )
    const schema = this.#cachedSchema(schemaText, envelope['schema'])
    const head = `{"schema":${schemaText},"payload":`
    if (text.startsWith(head)) {
      this.#lastHead = head
      this.#lastSchema = schema
    }
    return this.#withPayload(schema, envelope['payload'])
  }

  #withPayload(schema: Schema | null, payload: unknown): SchemaAndValue {
    if (schema === null) return { schema, value: readSchemaless(payload) }
    return { schema, value: readPayload(schema, payload, this.#replaceNull) }
  }

  /** The same schema object for the same text, for as long as it is among those used last. */
  #cachedSchema(text: string, json: unknown): Schema | null {
    let schema = this.#schemas.get(text)
    if (schema === undefined) schema = schemaFromJson(json, this.#readDefault)
    else this.#schemas.delete(text)
    this.#schemas.set(text, schema)
    if (this.#schemas.size > this.#cacheSize) {
      const oldest = this.#schemas.keys().next()
      if (oldest.done !== true) this.#schemas.delete(oldest.value)
    }
    return schema
  }

  #parseSchema(text: string): Schema | null {
    return schemaFromJson(parse(text, true), this.#readDefault)
  }

  readonly #readDefault = (schema: Schema, json: unknown): unknown => readPayload(schema, json, this.#replaceNull)
}

/** Values nested deeper than the stack are faulty records, not a fault of the task. */
function refusingDeepNesting<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new DataError(`The value cannot be converted, it is probably nested too deeply: ${error.message}`, {
      cause: error,
    })
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return decodeUtf8(bytes)
  } catch (error) {
    throw new DataError('Converting byte[] to Kafka Connect data failed due to serialization error: not UTF-8', {
      cause: error,
    })
  }
}

function parse(text: string, keepDecimals: boolean): unknown {
  try {
    return parseLenientJson(text, keepDecimals)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new DataError(`Converting byte[] to Kafka Connect data failed due to serialization error: ${reason}`, {
      cause: error,
    })
  }
}

/** A sink may take any compact JSON text but `null`, which is a record without a value. */
function isCompactJsonValue(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start === 4 && bytes[start] === 0x6e) return false
  return scanJson(bytes, start, end) === JSON_COMPACT
}

export const jsonConverter = defineConverter<JsonConverterProps>({
  class: 'org.apache.kafka.connect.json.JsonConverter',
  version: millraceVersion,
  summary: 'JSON, with the schema in each message or without.',
  config: jsonConverterConfig,
  create: (props) => new JsonConverter(props),
})
