import { randomBytes } from 'node:crypto'

/** The text form of the all-zero uuid, which stands for "none" in the protocol. */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'

/** Whether `text` is a uuid in Kafka's text form: 16 bytes as 22 characters of base64url without padding. */
export function isUuid(text: string): boolean {
  return /^[A-Za-z0-9_-]{21}[AQgw]$/.test(text)
}

/**
 * Makes a new random (version 4) uuid in Kafka's text form. Like Kafka, it avoids the reserved ids 0 and 1 and a leading
 * dash, which command lines would take for an option.
 */
export function randomUuid(): string {
  for (;;) {
    const bytes = randomBytes(16)
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
    const text = bytes.toString('base64url')
    if (!text.startsWith('-')) return text
  }
}
