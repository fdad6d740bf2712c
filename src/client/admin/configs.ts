import type { ProtocolError } from '../../protocol/errors.ts'
import { DescribeConfigs } from '../../protocol/messages/describe-configs.ts'
import { IncrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.ts'
import type { Cluster, Target } from '../cluster.ts'
import type { CallOptions } from '../offsets.ts'
import { errorOf } from './topics.ts'

const resourceTypes = { topic: 2, broker: 4, group: 32 } as const
const operations = { set: 0, delete: 1, append: 2, subtract: 3 } as const

export type ResourceType = keyof typeof resourceTypes

export interface ConfigResource {
  type: ResourceType
  /** Topic name, node id or group id; an empty broker name means the cluster-wide defaults. */
  name: string
  /** Settings to describe; all when left out. */
  keys?: string[]
}

export interface ConfigEntry {
  name: string
  /** Null when it is a secret or has no value. */
  value: string | null
  isReadOnly: boolean
  isSensitive: boolean
  /** Whether nobody has set it. */
  isDefault: boolean
  /** Kafka's number of where the value comes from: 1 topic, 2 broker, 3 cluster-wide, 4 file, 5 default. */
  source: number
}

export interface DescribedConfig {
  type: ResourceType
  name: string
  error: ProtocolError | null
  entries: ConfigEntry[]
}

export interface ConfigChange {
  type: ResourceType
  name: string
  changes: { name: string; operation: keyof typeof operations; value?: string | null }[]
}

export interface AlterConfigResult {
  type: ResourceType
  name: string
  error: ProtocolError | null
}

export async function describeConfigs(
  cluster: Cluster,
  resources: readonly ConfigResource[],
  options: CallOptions,
): Promise<DescribedConfig[]> {
  const answers = await perNode(resources, (node, list) =>
    cluster.retry(
      async (timeoutMs) => {
        const body = {
          resources: list.map(({ type, name, keys }) => ({
            resourceType: resourceTypes[type],
            resourceName: name,
            configurationKeys: keys ?? null,
          })),
        }
        const limits = { node, timeoutMs, signal: options.signal, resend: 'always' } as const
        return (await cluster.request(DescribeConfigs, body, limits)).results
      },
      { ...options, what: 'describing configs' },
    ),
  )
  return answers.map(({ resourceType, resourceName, errorCode, errorMessage, configs }) => ({
    type: typeOf(resourceType),
    name: resourceName,
    error: errorOf(errorCode, errorMessage),
    entries: configs.map((config) => ({
      name: config.name,
      value: config.value,
      isReadOnly: config.readOnly,
      isSensitive: config.isSensitive,
      isDefault: config.configSource === 5,
      source: config.configSource,
    })),
  }))
}

export async function alterConfigs(
  cluster: Cluster,
  changes: readonly ConfigChange[],
  options: CallOptions & { validateOnly?: boolean },
): Promise<AlterConfigResult[]> {
  const answers = await perNode(changes, (node, list) =>
    cluster.retry(
      async (timeoutMs) => {
        const body = {
          resources: list.map((change) => ({
            resourceType: resourceTypes[change.type],
            resourceName: change.name,
            configs: change.changes.map(({ name, operation, value = null }) => ({
              name,
              configOperation: operations[operation],
              value,
            })),
          })),
          validateOnly: options.validateOnly ?? false,
        }
        const limits = { node, timeoutMs, signal: options.signal }
        return (await cluster.request(IncrementalAlterConfigs, body, limits)).responses
      },
      { ...options, what: 'altering configs' },
    ),
  )
  return answers.map(({ resourceType, resourceName, errorCode, errorMessage }) => ({
    type: typeOf(resourceType),
    name: resourceName,
    error: errorOf(errorCode, errorMessage),
  }))
}

/** A broker's own settings are known to that broker only; everything else any broker answers. */
async function perNode<T extends { type: ResourceType; name: string }, R>(
  items: readonly T[],
  ask: (node: Target, items: T[]) => Promise<R[]>,
): Promise<R[]> {
  const nodes = new Map<Target, T[]>()
  for (const item of items) {
    const node: Target = item.type === 'broker' && item.name !== '' ? Number(item.name) : 'any'
    nodes.set(node, [...(nodes.get(node) ?? []), item])
  }
  return (await Promise.all([...nodes].map(([node, list]) => ask(node, list)))).flat()
}

function typeOf(number: number): ResourceType {
  return number === resourceTypes.broker ? 'broker' : number === resourceTypes.group ? 'group' : 'topic'
}
