import { CorruptRecordError } from '../corrupt-record-error.ts'

/** Kafka's `compression.type` names, at the index that the attributes of a batch hold. */
export const compressionTypes = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

export type CompressionType = (typeof compressionTypes)[number]

/** The codec with that number in the batch attributes. @throws CorruptRecordError for 5 to 7, which Kafka has not assigned. */
export function compressionTypeOf(id: number): CompressionType {
  const type = compressionTypes[id]
  if (type === undefined)
    throw new CorruptRecordError('compression', `record batch uses unknown compression codec ${id}`)
  return type
}
