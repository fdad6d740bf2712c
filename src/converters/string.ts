import {
  millraceVersion,
  type ByteSink,
  type ColumnPlan,
  DataError,
  type RowWriter,
  type SchemaType,
  writeUtf8,
  config,
  type Converter,
  defineConverter,
  isUtf8,
  type PropsOf,
  type Schema,
  type SchemaAndValue,
  primitive,
  Type,
} from '../connect/index.ts'
import { converterType } from './json/config.ts'
import { type TextForm, valueText } from './value-text.ts'

/** `utf16` begins with a byte order mark; without one it is big-endian, as `utf16be` is. */
type Encoding = BufferEncoding | 'utf16' | 'utf16be'

/** Java's names of the encodings, lower case, and what encodes and decodes them here. */
const encodings: Readonly<Record<string, Encoding>> = {
  'utf-8': 'utf8',
  utf8: 'utf8',
  'iso-8859-1': 'latin1',
  iso8859_1: 'latin1',
  'us-ascii': 'ascii',
  ascii: 'ascii',
  'utf-16': 'utf16',
  utf_16: 'utf16',
  'utf-16be': 'utf16be',
  'utf-16le': 'utf16le',
}

const stringConverterConfig = config({
  'converter.type': converterType,
  'converter.encoding': Type.String({
    default: 'UTF-8',
    importance: 'high',
    width: 'medium',
    displayName: 'Encoding',
    description: 'The character set of the bytes: UTF-8, ISO-8859-1, US-ASCII, UTF-16, UTF-16BE or UTF-16LE.',
    check: (name) =>
      encodings[name.toLowerCase()] === undefined
        ? 'Encoding must be one of: UTF-8, ISO-8859-1, US-ASCII, UTF-16, UTF-16BE, UTF-16LE'
        : undefined,
  }),
})

const optionalString = primitive('STRING', { optional: true })

/** As the `toString` of Java's collections. */
const javaForm: TextForm = {
  nestedString: (text) => text,
  nestedBytes: (base64) => base64,
  struct: (members) => {
    const texts = members.filter(({ isNull }) => !isNull).map(({ name, text }) => `${name}=${text}`)
    return `Struct{${texts.join(',')}}`
  },
  keySeparator: '=',
  separator: ', ',
}

/** The highest character that an encoding has; what is beyond becomes `?`. */
const highest: Partial<Record<Encoding, number>> = { latin1: 0xff, ascii: 0x7f }

function encode(text: string, encoding: Encoding): Uint8Array {
  if (encoding === 'utf16' || encoding === 'utf16be')
    return Buffer.from(encoding === 'utf16' ? `\ufeff${text}` : text, 'utf16le').swap16()
  const limit = highest[encoding]
  const mapped =
    limit === undefined ? text : Array.from(text, (c) => ((c.codePointAt(0) ?? 0) > limit ? '?' : c)).join('')
  // A copy, since small buffers share a pool.
  return Uint8Array.from(Buffer.from(mapped, encoding))
}

const plainTypes = new Set<SchemaType>(['INT8', 'INT16', 'INT32', 'INT64', 'BOOLEAN', 'STRING'])

/**
 * Rows that are one value whose text is also its JSON, quotes aside. A null would be a record without key or value,
 * which a row writer cannot say: such columns go the ordinary way.
 */
function singleColumnWriter({ schema, columns: [column] }: ColumnPlan): RowWriter | null {
  if (column?.kind !== 'cell' || !plainTypes.has(schema.type) || schema.name !== undefined) return null
  if (schema.optional || schema.default !== undefined) return null
  const { cell, reader } = column
  const isString = schema.type === 'STRING'
  return (out, { bytes, starts, ends, cellsPerRow }, row) => {
    const start = starts[row * cellsPerRow + cell] as number
    if (start < 0) throw new DataError('Conversion error: null value for a value that is required')
    const from = out.position
    reader.writeJson(out, bytes, start, ends[row * cellsPerRow + cell] as number, 'BASE64')
    if (isString && !unquote(out, from)) {
      out.position = from
      writeUtf8(out, reader.value(bytes, start, ends[row * cellsPerRow + cell] as number) as string)
    }
  }
}

/** Takes the quotes off the JSON string written from `from` on; false when it has escapes. */
function unquote(out: ByteSink, from: number): boolean {
  const end = out.position - 1
  for (let i = from + 1; i < end; i++) if (out.bytes[i] === 0x5c) return false
  out.bytes.copyWithin(from, from + 1, end)
  out.position = end - 1
  return true
}

function decode(bytes: Uint8Array, encoding: Encoding): string {
  if (encoding !== 'utf16' && encoding !== 'utf16be')
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(encoding)
  if (bytes[0] === 0xff && bytes[1] === 0xfe && encoding === 'utf16')
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf16le', 2)
  // A byte more than pairs is no character.
  const text = Buffer.from(bytes.subarray(0, bytes.length & ~1))
    .swap16()
    .toString('utf16le')
  return encoding === 'utf16' && text.startsWith('\ufeff') ? text.slice(1) : text
}

function createStringConverter(props: PropsOf<typeof stringConverterConfig>): Converter {
  const encoding = encodings[props['converter.encoding'].toLowerCase()] ?? 'utf8'
  return {
    raw: encoding === 'utf8' ? { format: 'string', accepts: isUtf8 } : null,
    rowWriter: (_topic: string, plan: ColumnPlan): RowWriter | null =>
      encoding === 'utf8' ? singleColumnWriter(plan) : null,
    fromConnectData: (_topic: string, schema: Schema | null, value: unknown): Uint8Array | null =>
      value === null || value === undefined ? null : encode(valueText(schema, value, javaForm), encoding),
    toConnectData: (_topic: string, bytes: Uint8Array | null): SchemaAndValue => ({
      schema: optionalString,
      value: bytes === null ? null : decode(bytes, encoding),
    }),
  }
}

export const stringConverter = defineConverter({
  class: 'org.apache.kafka.connect.storage.StringConverter',
  version: millraceVersion,
  summary: 'Text; other values are written in their text form.',
  config: stringConverterConfig,
  create: createStringConverter,
})
