import { declarationOf, type GroupDeclaration } from './declarations.ts'
import type { MetricDomain } from './group.ts'

/** A task's metrics: Kafka's attribute names and their values. */
export interface TaskMetrics {
  readonly connector: string
  readonly task: number
  readonly kind: 'source' | 'sink'
  readonly status: TaskMeterState
  /** Attributes of `connector-task-metrics`, but for texts. */
  readonly common: Numbers
  /** Of `source-task-metrics` or `sink-task-metrics`. */
  readonly own: Numbers
  /** Of `task-error-metrics`. */
  readonly errors: Numbers
  /** Of the task's producer or consumer: of all groups that {@link clientGroups} lists. Null before there is one. */
  readonly client: { readonly id: string; readonly values: Numbers } | null
}

type Numbers = Readonly<Record<string, number>>

/** Kafka's status values of a task. */
export type TaskMeterState = 'running' | 'paused' | 'failed' | 'unassigned'

/** The same as it crosses threads: a worker may have thousands of tasks, and names would be most of the message. */
export interface PackedTaskMetrics {
  readonly connector: string
  readonly task: number
  readonly kind: 'source' | 'sink'
  readonly status: TaskMeterState
  readonly clientId: string | null
  /** In the order of the declarations: common, own, errors, client. */
  readonly numbers: Float64Array
}

export function packTaskMetrics({ connector, task, kind, status, ...metrics }: TaskMetrics): PackedTaskMetrics {
  const layout = layouts[kind]
  const numbers = new Float64Array(layout.length)
  let at = 0
  for (const name of layout.common) numbers[at++] = metrics.common[name] ?? Number.NaN
  for (const name of layout.own) numbers[at++] = metrics.own[name] ?? Number.NaN
  for (const name of layout.errors) numbers[at++] = metrics.errors[name] ?? Number.NaN
  for (const name of layout.client) numbers[at++] = metrics.client?.values[name] ?? Number.NaN
  return { connector, task, kind, status, clientId: metrics.client?.id ?? null, numbers }
}

export function unpackTaskMetrics({ numbers, clientId, ...packed }: PackedTaskMetrics): TaskMetrics {
  const layout = layouts[packed.kind]
  let at = 0
  const take = (names: readonly string[]): Record<string, number> => {
    const values: Record<string, number> = {}
    for (const name of names) values[name] = numbers[at++] as number
    return values
  }
  const common = take(layout.common)
  const own = take(layout.own)
  const errors = take(layout.errors)
  const client = take(layout.client)
  return { ...packed, common, own, errors, client: clientId === null ? null : { id: clientId, values: client } }
}

/** The groups that the attributes of a task's client belong to. */
export const clientGroups = {
  source: ['producer-metrics'],
  sink: ['consumer-metrics', 'consumer-fetch-manager-metrics'],
} as const

const taskTags = ['connector', 'task']
const layouts = { source: layoutOf('source'), sink: layoutOf('sink') }

function layoutOf(kind: 'source' | 'sink') {
  const domain = kind === 'source' ? 'producer' : 'consumer'
  const common = numbersOf('connect', 'connector-task-metrics', taskTags)
  const own = numbersOf('connect', `${kind}-task-metrics`, taskTags)
  const errors = numbersOf('connect', 'task-error-metrics', taskTags)
  const client = clientGroups[kind].flatMap((type) => numbersOf(domain, type, ['client-id']))
  return { common, own, errors, client, length: common.length + own.length + errors.length + client.length }
}

function numbersOf(domain: MetricDomain, type: string, tags: readonly string[]): string[] {
  const attributes: GroupDeclaration['attributes'] = declarationOf(domain, type, tags)?.attributes ?? {}
  return Object.entries(attributes).flatMap(([name, { kind }]) => (kind === 'number' ? [name] : []))
}
