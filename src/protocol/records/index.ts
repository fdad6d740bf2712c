// Record batches of magic 2: headers, records, control batches, compression, CRC. Pure functions over bytes; nothing here knows
// of Kafka's messages, sockets or files.

export {
  BATCH_OVERHEAD,
  type BatchHeader,
  batchSizeAt,
  iterateBatches,
  readBatchHeader,
  stampBatch,
  stampLogAppendTime,
  verifyBatchCrc,
} from './batch.ts'
export type { ByteSink } from './byte-sink.ts'
export { type CompressionType, compress, compressionTypes, decompress } from './compression/index.ts'
export { buildControlBatch, type ControlMarker, controlTypeOf, coordinatorEpochOf } from './control.ts'
export { CorruptRecordError, type CorruptRecordReason } from './corrupt-record-error.ts'
export { type DecodeOptions, decodeBatch, type RecordColumns } from './decode.ts'
export { type ProducerStamp, RecordBatchBuilder, type RecordBatchOptions, type RecordInput } from './encode.ts'
export type { RecordHeader } from './headers.ts'
export { type RebuildOptions, rebuildBatch } from './rebuild.ts'
