/**
 * The names in the order in which Java's `HashMap` gives them, which is the order of answers that Kafka Connect makes
 * from such maps. Names that share a bucket keep their order.
 */
export function inJavaHashOrder(names: readonly string[]): string[] {
  const distinct = [...new Set(names)]
  let buckets = 16
  while (distinct.length > buckets * 0.75) buckets *= 2
  return distinct
    .map((name) => ({ name, bucket: spread(hashCode(name)) & (buckets - 1) }))
    .toSorted((a, b) => a.bucket - b.bucket)
    .map(({ name }) => name)
}

/** `String.hashCode()`. */
function hashCode(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0
  return hash
}

function spread(hash: number): number {
  return hash ^ (hash >>> 16)
}
