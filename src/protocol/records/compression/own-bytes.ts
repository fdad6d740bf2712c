/** The buffer itself when it owns its memory, else a copy: a slice of Node's shared pool would pin and cannot be transferred. */
export function ownBytes(buffer: Buffer): Uint8Array {
  if (buffer.length === buffer.buffer.byteLength) return buffer
  const copy = Buffer.allocUnsafeSlow(buffer.length)
  copy.set(buffer)
  return copy
}
