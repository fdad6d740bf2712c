/** Topics that clients may read but not write; the broker keeps its own state in them. */
export const CONSUMER_OFFSETS = '__consumer_offsets'

const internalTopics = new Set([CONSUMER_OFFSETS, '__transaction_state', '__share_group_state'])

export function isInternalTopic(name: string): boolean {
  return internalTopics.has(name)
}

/** Says what is wrong with a topic name, in Kafka's rules, or gives null. */
export function invalidTopicName(name: string): string | null {
  if (name === '') return 'the topic name is empty'
  if (name === '.' || name === '..') return `'${name}' cannot be the name of a topic`
  if (name.length > 249) return `the topic name has ${name.length} characters, but at most 249 are allowed`
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return `the topic name '${name}' may only hold ASCII letters, digits, '.', '_' and '-'`
  }
  return null
}

/** Two names that are equal after this would have the same metric names, so Kafka allows only one of them. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_')
}
