import {
  controlTypeOf,
  decodeBatch,
  type RecordColumns,
  type RecordHeader,
  readBatchHeader,
} from '../../protocol/records/index.ts'
import type { TopicPartition } from '../topic-partition.ts'

export interface AbortedTransaction {
  producerId: number
  /** Where the transaction begins. */
  firstOffset: number
}

/** What one fetch brought of one partition: whole record batches, as bytes. */
export interface FetchedRecords extends TopicPartition {
  /** Whole batches. The first may begin before `fetchOffset`. Shares its memory with the rest of the fetch. */
  batches: Uint8Array
  /** The first offset that was asked for; records below it have been delivered before. */
  fetchOffset: number
  /** The offset behind the last batch: where the next fetch goes on. */
  nextOffset: number
  /** Records by the batches' headers, those below `fetchOffset` and control records included. */
  recordCount: number
  highWatermark: number
  /** With `read_committed`: transactions whose records must not be seen, by first offset. */
  abortedTransactions: AbortedTransaction[] | null
}

export interface DecodeFetchedOptions {
  /** Check each batch's CRC, default true. */
  checkCrcs?: boolean
  maxDecompressedBytes?: number
}

/** Records of one batch; those before index `from` are below the offset that was asked for. */
export interface FetchedColumns {
  columns: RecordColumns
  from: number
}

/**
 * Decodes batch by batch, leaving out control batches and, with `read_committed`, aborted transactions. A batch is decoded
 * when it is asked for, so that a large fetch never lies here decompressed as a whole.
 */
export function* columnsOf(fetched: FetchedRecords, options: DecodeFetchedOptions = {}): Generator<FetchedColumns> {
  const { batches, fetchOffset } = fetched
  const { checkCrcs: verifyCrc = true, maxDecompressedBytes } = options
  const decodeOptions = { verifyCrc, ...(maxDecompressedBytes === undefined ? {} : { maxDecompressedBytes }) }
  const upcoming = fetched.abortedTransactions?.toSorted((a, b) => a.firstOffset - b.firstOffset) ?? []
  const aborted = new Set<number>()
  for (let position = 0; position < batches.length; ) {
    const header = readBatchHeader(batches, position)
    while (upcoming[0] !== undefined && upcoming[0].firstOffset <= header.lastOffset) {
      aborted.add((upcoming.shift() as AbortedTransaction).producerId)
    }
    if (header.isControl) {
      if (aborted.has(header.producerId) && endsInAbort(decodeBatch(batches, position, decodeOptions))) {
        aborted.delete(header.producerId)
      }
    } else if (!(header.isTransactional && aborted.has(header.producerId))) {
      const columns = decodeBatch(batches, position, decodeOptions)
      const from = firstIndexAt(columns, fetchOffset)
      if (from < columns.count) yield { columns, from }
    }
    position += header.sizeInBytes
  }
}

function endsInAbort(columns: RecordColumns): boolean {
  return columns.count > 0 && controlTypeOf(columns.key(0)) === 'abort'
}

function firstIndexAt({ offsets, count }: RecordColumns, offset: number): number {
  let index = 0
  while (index < count && (offsets[index] as number) < offset) index++
  return index
}

export interface ConsumerRecord extends TopicPartition {
  offset: number
  /** Milliseconds since the epoch. */
  timestamp: number
  key: Uint8Array | null
  value: Uint8Array | null
  headers: RecordHeader[]
}

/** The records as objects; for those who do not need the speed of {@link columnsOf}. */
export function* recordsOf(fetched: FetchedRecords, options?: DecodeFetchedOptions): Generator<ConsumerRecord> {
  const { topic, partition } = fetched
  for (const { columns, from } of columnsOf(fetched, options)) {
    for (let i = from; i < columns.count; i++) {
      yield {
        topic,
        partition,
        offset: columns.offsets[i] as number,
        timestamp: columns.timestamps[i] as number,
        key: columns.key(i),
        value: columns.value(i),
        headers: columns.hasHeaders(i) ? columns.headers(i) : [],
      }
    }
  }
}
