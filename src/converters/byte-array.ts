import { millraceVersion, config, type Converter, DataError, defineConverter, primitive } from '../connect/index.ts'
import { converterType } from './json/config.ts'

const optionalBytes = primitive('BYTES', { optional: true })

const converter: Converter = {
  raw: { format: 'bytes', accepts: () => true },
  fromConnectData(_topic, schema, value) {
    if (schema !== null && schema.type !== 'BYTES')
      throw new DataError(`Invalid schema type for ByteArrayConverter: ${schema.type}`)
    if (value === null || value === undefined) return null
    if (!(value instanceof Uint8Array))
      throw new DataError(`ByteArrayConverter is not compatible with objects of type ${typeof value}`)
    return value
  },
  toConnectData: (_topic, bytes) => ({ schema: optionalBytes, value: bytes }),
}

export const byteArrayConverter = defineConverter({
  class: 'org.apache.kafka.connect.converters.ByteArrayConverter',
  version: millraceVersion,
  summary: 'Bytes as they are.',
  config: config({ 'converter.type': converterType }),
  create: () => converter,
})
