import type { ConnectorTaskId, TargetState } from '../task-runner.ts'
import { decodeObject, encodeJson } from './json-record.ts'

/** A connector's or task's properties; connectors may keep null values. */
export type Properties = Readonly<Record<string, string | null>>

export interface SessionKey {
  /** Raw key bytes. */
  readonly key: Uint8Array
  readonly algorithm: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

/** A record of the configuration topic, decoded. `null` in a value position is a tombstone. */
export type ConfigRecord =
  | { readonly type: 'connector'; readonly connector: string; readonly properties: Properties | null }
  | { readonly type: 'task'; readonly id: ConnectorTaskId; readonly properties: Properties }
  | { readonly type: 'commit'; readonly connector: string; readonly tasks: number }
  | { readonly type: 'target-state'; readonly connector: string; readonly state: TargetState | null }
  | { readonly type: 'fencing'; readonly connector: string; readonly tasks: number }
  | { readonly type: 'session-key'; readonly sessionKey: SessionKey }
  | {
      readonly type: 'restart'
      readonly connector: string
      readonly includeTasks: boolean
      readonly onlyFailed: boolean
    }
  | { readonly type: 'logger'; readonly logger: string; readonly level: string }

/** Key and value of a record, ready to be written. */
export interface EncodedRecord {
  readonly key: string
  readonly value: Uint8Array | null
}

export function encodeConfigRecord(record: ConfigRecord): EncodedRecord {
  switch (record.type) {
    case 'connector':
      return {
        key: `connector-${record.connector}`,
        value: record.properties === null ? null : encodeJson({ properties: record.properties }),
      }
    case 'task':
      return {
        key: `task-${record.id.connector}-${record.id.task}`,
        value: encodeJson({ properties: record.properties }),
      }
    case 'commit':
      return { key: `commit-${record.connector}`, value: encodeJson({ tasks: record.tasks }) }
    case 'target-state':
      return { key: `target-state-${record.connector}`, value: encodeTargetState(record.state) }
    case 'fencing':
      return { key: `tasks-fencing-${record.connector}`, value: encodeJson({ 'task-count': record.tasks }) }
    case 'session-key':
      return {
        key: 'session-key',
        value: encodeJson({
          key: Buffer.from(record.sessionKey.key).toString('base64'),
          algorithm: record.sessionKey.algorithm,
          'creation-timestamp': record.sessionKey.createdAt,
        }),
      }
    case 'restart':
      return {
        key: `restart-connector-${record.connector}`,
        value: encodeJson({ 'include-tasks': record.includeTasks, 'only-failed': record.onlyFailed }),
      }
    case 'logger':
      return { key: `logger-cluster-${record.logger}`, value: encodeJson({ level: record.level }) }
  }
}

/** STOPPED is written as PAUSED for readers that know only two states, with the truth in `state.v2`. */
function encodeTargetState(state: TargetState | null): Uint8Array | null {
  if (state === null) return null
  return encodeJson({ state: state === 'STARTED' ? 'STARTED' : 'PAUSED', 'state.v2': state })
}

/** Decodes a record, or says what is wrong with it; such records are skipped. */
export function decodeConfigRecord(key: string, value: Uint8Array | null): ConfigRecord | string {
  const prefix = prefixes.find((candidate) => key.startsWith(candidate))
  if (prefix === undefined) return 'unknown key'
  const name = key.slice(prefix.length)
  if (value === null) {
    if (prefix === 'connector-') return { type: 'connector', connector: name, properties: null }
    if (prefix === 'target-state-') return { type: 'target-state', connector: name, state: null }
    return 'tombstone where none is expected'
  }
  const object = decodeObject(value)
  if (object === null) return 'value is not a JSON object'
  return decoders[prefix](name, object)
}

const prefixes = [
  'connector-',
  'task-',
  'commit-',
  'target-state-',
  'tasks-fencing-',
  'session-key',
  'restart-connector-',
  'logger-cluster-',
] as const

type Decoder = (name: string, object: Record<string, unknown>) => ConfigRecord | string

const decoders: Record<(typeof prefixes)[number], Decoder> = {
  'connector-': (connector, object) => {
    const properties = propertiesOf(object)
    return properties === null ? 'properties are missing' : { type: 'connector', connector, properties }
  },
  'task-': (name, object) => {
    const at = name.lastIndexOf('-')
    const task = name.slice(at + 1)
    const properties = propertiesOf(object)
    if (at < 0 || !/^\d+$/.test(task)) return 'no task number in the key'
    if (properties === null) return 'properties are missing'
    return { type: 'task', id: { connector: name.slice(0, at), task: Number(task) }, properties }
  },
  'commit-': (connector, { tasks }) =>
    isCount(tasks) ? { type: 'commit', connector, tasks } : 'number of tasks is missing',
  'target-state-': (connector, object) => {
    const state = object['state.v2'] ?? object['state']
    if (state !== 'STARTED' && state !== 'PAUSED' && state !== 'STOPPED') return 'unknown target state'
    return { type: 'target-state', connector, state }
  },
  'tasks-fencing-': (connector, object) => {
    const tasks = object['task-count']
    return isCount(tasks) ? { type: 'fencing', connector, tasks } : 'number of tasks is missing'
  },
  'session-key': (_name, { key, algorithm, 'creation-timestamp': createdAt }) => {
    if (typeof key !== 'string' || typeof algorithm !== 'string' || typeof createdAt !== 'number')
      return 'not a session key'
    return { type: 'session-key', sessionKey: { key: Buffer.from(key, 'base64'), algorithm, createdAt } }
  },
  'restart-connector-': (connector, object) => ({
    type: 'restart',
    connector,
    includeTasks: object['include-tasks'] === true,
    onlyFailed: object['only-failed'] === true,
  }),
  'logger-cluster-': (logger, { level }) =>
    typeof level === 'string' ? { type: 'logger', logger, level } : 'level is missing',
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}

function propertiesOf(object: Record<string, unknown>): Properties | null {
  const { properties } = object
  if (typeof properties !== 'object' || properties === null || Array.isArray(properties)) return null
  const entries = Object.entries(properties as Record<string, unknown>)
  return entries.every(([, value]) => value === null || typeof value === 'string') ? (properties as Properties) : null
}
