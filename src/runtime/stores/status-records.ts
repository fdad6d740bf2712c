import type { ConnectorTaskId } from '../task-runner.ts'
import { decodeObject, encodeJson } from './json-record.ts'

export type Status = 'UNASSIGNED' | 'RUNNING' | 'PAUSED' | 'FAILED' | 'RESTARTING' | 'STOPPED'

/** State of a connector or task as its worker last wrote it. */
export interface StatusEntry {
  readonly state: Status
  readonly trace: string | null
  readonly workerId: string
  /** The group generation that the writer was in. */
  readonly generation: number
  /** Version of the plugin; null when it never started, and for UNASSIGNED. */
  readonly version: string | null
  /** Automatic restarts, where the connector asks for them; Kafka Connect knows no such field and ignores it. */
  readonly restart?: RestartCount | null
}

/** Automatic restarts of a connector or task; times in milliseconds since the epoch. */
export interface RestartCount {
  /** Automatic restarts so far, since a user or the reset time last made it count anew. */
  readonly count: number
  /** −1 without limit. */
  readonly limit: number
  /** When the next one is due; null when none is. */
  readonly nextAt: number | null
}

/** A topic that a connector was seen to use. */
export interface TopicEntry {
  readonly topic: string
  readonly connector: string
  readonly task: number
  /** Milliseconds since the epoch. */
  readonly discoveredAt: number
}

/** Whose record this is. */
export type StatusKey =
  | { readonly type: 'connector'; readonly connector: string }
  | { readonly type: 'task'; readonly id: ConnectorTaskId }
  | { readonly type: 'topic'; readonly connector: string; readonly topic: string }

const TOPIC_SEPARATOR = ':connector-'

export function encodeStatusKey(key: StatusKey): string {
  switch (key.type) {
    case 'connector':
      return `status-connector-${key.connector}`
    case 'task':
      return `status-task-${key.id.connector}-${key.id.task}`
    case 'topic':
      return `status-topic-${key.topic}${TOPIC_SEPARATOR}${key.connector}`
  }
}

/** Null for keys that are none of ours. */
export function decodeStatusKey(text: string): StatusKey | null {
  if (text.startsWith('status-connector-')) {
    const connector = text.slice('status-connector-'.length)
    return connector === '' ? null : { type: 'connector', connector }
  }
  if (text.startsWith('status-task-')) {
    const rest = text.slice('status-task-'.length)
    const at = rest.lastIndexOf('-')
    const task = rest.slice(at + 1)
    return at <= 0 || !/^\d+$/.test(task)
      ? null
      : { type: 'task', id: { connector: rest.slice(0, at), task: Number(task) } }
  }
  if (text.startsWith('status-topic-')) {
    const rest = text.slice('status-topic-'.length)
    const at = rest.indexOf(':')
    const connector = rest.slice(at + TOPIC_SEPARATOR.length)
    return at <= 0 || connector === '' ? null : { type: 'topic', topic: rest.slice(0, at), connector }
  }
  return null
}

export function encodeStatus(entry: StatusEntry): Uint8Array {
  const { state, trace, workerId, generation, version, restart } = entry
  const known = { state, trace, worker_id: workerId, generation, version }
  return encodeJson(restart ? { ...known, restart } : known)
}

const states: readonly string[] = ['UNASSIGNED', 'RUNNING', 'PAUSED', 'FAILED', 'RESTARTING', 'STOPPED']

/** Null for what is not a status, DESTROYED included. */
export function decodeStatus(value: Uint8Array): StatusEntry | null {
  const object = decodeObject(value)
  if (object === null || typeof object['state'] !== 'string' || !states.includes(object['state'])) return null
  const { state, trace, worker_id: workerId, generation, version } = object
  if (typeof workerId !== 'string' || typeof generation !== 'number') return null
  return {
    state: state as Status,
    trace: typeof trace === 'string' ? trace : null,
    workerId,
    generation,
    version: typeof version === 'string' ? version : null,
    ...decodeRestart(object['restart']),
  }
}

function decodeRestart(value: unknown): { restart?: RestartCount } {
  if (typeof value !== 'object' || value === null) return {}
  const { count, limit, nextAt } = value as Record<string, unknown>
  if (typeof count !== 'number' || typeof limit !== 'number') return {}
  return { restart: { count, limit, nextAt: typeof nextAt === 'number' ? nextAt : null } }
}

export function encodeTopicEntry(entry: TopicEntry): Uint8Array {
  const { topic, connector, task, discoveredAt } = entry
  return encodeJson({ topic: { name: topic, connector, task, discoverTimestamp: discoveredAt } })
}

export function decodeTopicEntry(value: Uint8Array): TopicEntry | null {
  const topic = decodeObject(value)?.['topic']
  if (typeof topic !== 'object' || topic === null) return null
  const { name, connector, task, discoverTimestamp } = topic as Record<string, unknown>
  if (typeof name !== 'string' || typeof connector !== 'string' || typeof task !== 'number') return null
  return { topic: name, connector, task, discoveredAt: typeof discoverTimestamp === 'number' ? discoverTimestamp : 0 }
}
