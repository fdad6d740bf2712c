/** What part of a batch was found broken; lets a broker pick the Kafka error code without reading the message. */
export type CorruptRecordReason = 'truncated' | 'length' | 'magic' | 'crc' | 'compression' | 'too-large' | 'records'

/**
 * Bytes that claim to be a record batch are not one (Kafka's CORRUPT_MESSAGE, code 2; `magic` is INVALID_RECORD there).
 * Nothing else is thrown by the decoders of this folder, whatever the bytes.
 */
export class CorruptRecordError extends Error {
  override readonly name = 'CorruptRecordError'
  readonly code = 'MILL_CORRUPT_RECORD'
  readonly retriable = false
  readonly reason: CorruptRecordReason

  constructor(reason: CorruptRecordReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}
