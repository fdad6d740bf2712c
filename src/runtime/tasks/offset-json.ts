import { DataError, type SourceOffset, type SourcePartition } from '../../connect/index.ts'

/** The key of a source offset in the offsets topic: `["<connector>",{<source partition>}]`, fields in the given order. */
export function offsetKey(connector: string, partition: SourcePartition): string {
  return `[${JSON.stringify(connector)},${flatJson(partition, 'source partition')}]`
}

/** The value of a source offset in the offsets topic: `{<source offset>}`. */
export function offsetValue(offset: SourceOffset): string {
  return flatJson(offset, 'source offset')
}

/** Parses a key; null when it is not of the form that {@link offsetKey} gives. */
export function parseOffsetKey(text: string): { connector: string; partition: SourcePartition } | null {
  const parsed = parse(text)
  if (!Array.isArray(parsed) || parsed.length !== 2) return null
  const [connector, partition] = parsed as [unknown, unknown]
  if (typeof connector !== 'string' || typeof partition !== 'object' || partition === null || Array.isArray(partition))
    return null
  return { connector, partition: partition as SourcePartition }
}

/** Parses a value; null for a tombstone's and for anything that is not an object. Integers beyond 2^53 are `bigint`. */
export function parseOffsetValue(text: string | null): SourceOffset | null {
  if (text === null) return null
  const parsed = parse(text)
  return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? (parsed as SourceOffset) : null
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text, exactInteger)
  } catch {
    return undefined
  }
}

function exactInteger(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context?.source ?? ''
  return /^-?\d+$/.test(source) ? BigInt(source) : value
}

function flatJson(map: Readonly<Record<string, unknown>>, what: string): string {
  const fields = Object.entries(map).map(([key, value]) => `${JSON.stringify(key)}:${scalarJson(value, key, what)}`)
  return `{${fields.join(',')}}`
}

function scalarJson(value: unknown, key: string, what: string): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value)
    case 'bigint':
      return String(value)
    case 'number':
      if (Number.isFinite(value)) return JSON.stringify(value)
      break
    case 'object':
      if (value === null) return 'null'
      if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('base64')}"`
      break
    case 'undefined':
      return 'null'
    default:
  }
  throw new DataError(
    `Field ${key} of a ${what} is of a kind that cannot be stored: use null, text, booleans, finite numbers, bigint or bytes`,
  )
}
