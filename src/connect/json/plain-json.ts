/** The bundled TypeScript library does not know `JSON.rawJSON` yet. */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown }

/**
 * A value of a record as JSON text for people to read: bigints as numbers, maps as objects, bytes as base64. Without a value
 * (null or undefined): `null`. Not what the JSON converter writes, which goes by the schema.
 */
export function plainJson(value: unknown): string {
  return value === undefined ? 'null' : JSON.stringify(value, replaceValue)
}

function replaceValue(this: Readonly<Record<string, unknown>>, key: string): unknown {
  // Not the second argument: a Buffer has turned itself into an object there.
  const value = this[key]
  if (typeof value === 'bigint') return rawJSON(String(value))
  if (value instanceof Map) return Object.fromEntries(value)
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
}
