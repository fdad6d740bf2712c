/** Internal topics hold JSON without envelope, as JsonConverter writes it with `schemas.enable=false`. */

const utf8 = new TextDecoder('utf-8', { fatal: false })

export function textOf(bytes: Uint8Array): string {
  return utf8.decode(bytes)
}

export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'utf8')
}

export function encodeJson(value: unknown): Uint8Array {
  return bytesOf(JSON.stringify(value))
}

/** The object in these bytes, or null when they hold none. */
export function decodeObject(bytes: Uint8Array): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(textOf(bytes))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}
