/** Java's `String.hashCode`: over UTF-16 units, as a signed 32-bit number. */
export function javaHashCode(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

/** The partition of `__consumer_offsets` that keeps a group, as Kafka computes it. */
export function partitionForGroup(groupId: string, partitions: number): number {
  const hash = javaHashCode(groupId)
  return hash === -2147483648 ? 0 : Math.abs(hash) % partitions
}
