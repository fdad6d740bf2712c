import { Reader } from '../../protocol/primitives/reader.ts'
import type { ClassicGroup } from './group.ts'
import { metadataOf } from './member.ts'

/**
 * The topics in a consumer's subscription (the metadata of its JoinGroup), read in the form that all versions begin with:
 * version int16, topics [string]. Null if the bytes are something else.
 */
export function subscribedTopics(metadata: Uint8Array): string[] | null {
  try {
    const reader = new Reader(metadata)
    reader.int16()
    const count = reader.int32()
    const topics: string[] = []
    for (let i = 0; i < count; i++) topics.push(reader.string())
    return topics
  } catch {
    return null
  }
}

/** Whether members of the group consume the topic; true as well if a member's subscription cannot be read. */
export function isSubscribed(group: ClassicGroup, topic: string): boolean {
  if (group.protocolType !== 'consumer') return false
  return group.members.some((member) => subscribedTopics(metadataOf(member, group.protocol))?.includes(topic) ?? true)
}
