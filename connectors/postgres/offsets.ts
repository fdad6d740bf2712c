import type { SourceOffset, SourcePartition } from 'millrace/connect'
import type { TableName } from './catalog.ts'
import type { Mode, Settings } from './config.ts'
import type { Position } from './sql.ts'

/** Partition of a query's offsets. */
export const QUERY_PARTITION: SourcePartition = { query: 'query' }

/**
 * The source partition of a table, newest form first: what is written, then what the other JDBC connector wrote, then
 * the form of protocol 0. A stored offset is looked up in this order.
 */
export function tablePartitions(table: TableName, settings: Pick<Settings, 'dialect' | 'mode'>): SourcePartition[] {
  const qualified = { protocol: '1', table: `${table.schema}.${table.name}` }
  const withCatalog = { protocol: '1', table: `${table.database}.${table.schema}.${table.name}` }
  const bare = { table: table.name }
  if (settings.mode === 'bulk') return [bare]
  return settings.dialect === 'aiven' ? [withCatalog, qualified, bare] : [qualified, withCatalog, bare]
}

/** Where to go on after a stored offset; `start` is for what it does not hold. */
export function positionOf(offset: SourceOffset | null, start: Position): Position {
  if (!offset) return start
  const incrementing = offset['incrementing']
  const ms = offset['timestamp']
  const nanos = offset['timestamp_nanos']
  return {
    incrementing: isInteger(incrementing) ? BigInt(incrementing) : start.incrementing,
    micros: isInteger(ms) ? microsOf(BigInt(ms), isInteger(nanos) ? BigInt(nanos) : null) : start.micros,
  }
}

function isInteger(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || (typeof value === 'number' && Number.isInteger(value))
}

/** `timestamp` is in milliseconds and `timestamp_nanos` is the whole fraction of its second, as java.sql.Timestamp has it. */
function microsOf(ms: bigint, nanos: bigint | null): bigint {
  if (nanos === null) return ms * 1000n
  const second = (ms - (((ms % 1000n) + 1000n) % 1000n)) / 1000n
  return second * 1_000_000n + nanos / 1000n
}

/** The offset to store, with the keys of the mode in the order in which the JDBC connectors write them. */
export function offsetOf(position: Position, mode: Mode): SourceOffset | null {
  if (mode === 'bulk') return null
  const offset: Record<string, unknown> = {}
  const withTimestamp = mode !== 'incrementing' && position.micros !== null
  if (withTimestamp) {
    const micros = position.micros as bigint
    const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n
    offset['timestamp_nanos'] = Number(fraction * 1000n)
    if (mode === 'timestamp+incrementing' && position.incrementing !== null)
      offset['incrementing'] = plain(position.incrementing)
    offset['timestamp'] = plain((micros - (((micros % 1000n) + 1000n) % 1000n)) / 1000n)
  } else if (mode === 'incrementing' && position.incrementing !== null) {
    offset['incrementing'] = plain(position.incrementing)
  }
  return Object.keys(offset).length === 0 ? null : offset
}

function plain(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
