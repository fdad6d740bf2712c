/**
 * Any value as JSON, for people to read: large integers as text, bytes as base64, maps as objects. Never throws; what
 * JSON cannot say becomes text.
 */
export function lenientJson(value: unknown): Buffer {
  try {
    return Buffer.from(JSON.stringify(value, replace) ?? 'null')
  } catch {
    return Buffer.from(JSON.stringify(String(value)))
  }
}

function replace(this: unknown, key: string, value: unknown): unknown {
  // A buffer has become something else by now.
  const original: unknown = (this as Record<string, unknown>)[key]
  if (original instanceof Uint8Array) return Buffer.from(original).toString('base64')
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (value instanceof Map) return Object.fromEntries([...value].map(([name, entry]) => [String(name), entry]))
  return value
}
