export interface TopicPartition {
  topic: string
  partition: number
}

/** A map key that no two partitions share; topic names contain no slash. */
export function partitionKey(topic: string, partition: number): string {
  return `${topic}/${partition}`
}

/** Groups by topic, as requests are laid out; the order of topics and within them stays. */
export function byTopic<T extends { topic: string }>(items: Iterable<T>): Map<string, T[]> {
  const topics = new Map<string, T[]>()
  for (const item of items) {
    const list = topics.get(item.topic)
    if (list === undefined) topics.set(item.topic, [item])
    else list.push(item)
  }
  return topics
}
