import { BATCH_OVERHEAD, CONTROL_BIT, TRANSACTIONAL_BIT, writeBatchHeader } from './batch.ts'
import { getInt16, getInt32, putInt16, putInt32 } from './integers.ts'
import { writeVarint } from './varint.ts'

// Control record key => version int16 (0), type int16 (0 abort, 1 commit); value => version int16 (0), coordinatorEpoch int32

export interface ControlMarker {
  type: 'commit' | 'abort'
  producerId: number
  producerEpoch: number
  coordinatorEpoch: number
  /** Milliseconds since the epoch. */
  timestamp: number
}

const KEY_SIZE = 4
const VALUE_SIZE = 6
/** Attributes, two deltas, two lengths, header count: a byte each. */
const RECORD_SIZE = 6 + KEY_SIZE + VALUE_SIZE

/** A batch that ends a producer's transaction on a partition (base offset 0, to be stamped like any other). */
export function buildControlBatch(marker: ControlMarker): Uint8Array {
  const batch = Buffer.alloc(BATCH_OVERHEAD + 1 + RECORD_SIZE)
  let position = writeVarint(batch, BATCH_OVERHEAD, RECORD_SIZE) + 3 // attributes and deltas are 0
  position = writeVarint(batch, position, KEY_SIZE)
  putInt16(batch, position + 2, marker.type === 'commit' ? 1 : 0)
  position = writeVarint(batch, position + KEY_SIZE, VALUE_SIZE)
  putInt32(batch, position + 2, marker.coordinatorEpoch)
  writeBatchHeader(batch, {
    baseOffset: 0,
    partitionLeaderEpoch: -1,
    attributes: TRANSACTIONAL_BIT | CONTROL_BIT,
    lastOffsetDelta: 0,
    baseTimestamp: marker.timestamp,
    maxTimestamp: marker.timestamp,
    producerId: marker.producerId,
    producerEpoch: marker.producerEpoch,
    baseSequence: -1,
    recordsCount: 1,
  })
  return batch
}

/** What the key of a control record says; null for types that do not end a transaction (leader changes, snapshots). */
export function controlTypeOf(key: Uint8Array | null): 'commit' | 'abort' | null {
  if (key === null || key.length < KEY_SIZE) return null
  const type = getInt16(key, 2)
  return type === 0 ? 'abort' : type === 1 ? 'commit' : null
}

/** Coordinator epoch in the value of a transaction marker, −1 when it has none. */
export function coordinatorEpochOf(value: Uint8Array | null): number {
  return value === null || value.length < VALUE_SIZE ? -1 : getInt32(value, 2)
}
