import type { AttributeDeclaration, GroupDeclaration } from './declarations.ts'

/**
 * Whose names Kafka's metrics get; boards and alerts are written for one or another:
 * - `jmx-exporter`: the example rules of the JMX exporter for Kafka Connect, and those that Strimzi ships with it
 * - `confluent`: the rules of Confluent's monitoring stacks; the Strimzi Metrics Reporter and Aiven name alike
 * - `debezium`: the rules of Debezium's monitoring example, which know the worker and its client only
 */
export type NameStyle = (typeof nameStyles)[number]
export const nameStyles = ['jmx-exporter', 'confluent', 'debezium'] as const

/** One family that an attribute goes to. */
export interface SeriesName {
  readonly family: string
  readonly help: string
  /** For texts: the label that gets the text; the value is 1. Null for numbers. */
  readonly label: string | null
  readonly factor: number
}

/** How the groups of one declaration are named in one style. */
export interface GroupNames {
  /** Label names of the tags, in the order of the declaration. */
  readonly tags: readonly string[]
  /** Labels that all series of the group have besides. */
  readonly constants: readonly (readonly [label: string, value: string])[]
  /** Families by attribute. */
  readonly series: Readonly<Record<string, readonly SeriesName[]>>
  /** Texts that share a family: one series a group, with a label for each of them. */
  readonly info: { readonly family: string; readonly help: string; readonly attributes: readonly string[] } | null
}

/** Null when the style has no names for such groups. */
export function namesOf(declaration: GroupDeclaration, style: NameStyle): GroupNames | null {
  switch (style) {
    case 'jmx-exporter':
      return jmxExporterNames(declaration)
    case 'confluent':
      return confluentNames(declaration)
    case 'debezium':
      return debeziumNames(declaration)
  }
}

/** A name as Prometheus takes it. */
export function snake(name: string): string {
  return name.replaceAll(/[-. ]/g, '_')
}

function jmxExporterNames(declaration: GroupDeclaration): GroupNames {
  const { domain, type } = declaration
  const tags = declaration.tags.map((tag) => (tag === 'client-id' ? 'clientid' : tag))
  if (type === 'app-info') {
    const { version, 'commit-id': commit, 'start-time-ms': start } = declaration.attributes
    return {
      tags,
      constants: [],
      series: {
        version: [{ family: 'kafka_connect_version_info', help: version?.help ?? '', label: 'version', factor: 1 }],
        'commit-id': [
          { family: 'kafka_connect_commit_id_info', help: commit?.help ?? '', label: 'commit_id', factor: 1 },
        ],
        'start-time-ms': [
          {
            family: 'kafka_connect_start_time_seconds',
            help: start?.help.replace('milliseconds', 'seconds') ?? '',
            label: null,
            factor: 0.001,
          },
        ],
      },
      info: null,
    }
  }
  const group = type.replace(/-?metrics$/, '')
  // Most groups begin with their domain, which is not said twice.
  const base = group === domain ? '' : group.startsWith(`${domain}-`) ? group.slice(domain.length + 1) : group
  const prefix = base === '' ? `kafka_${domain}` : `kafka_${domain}_${snake(base)}`
  const texts = attributesOf(declaration).filter(([, { kind }]) => kind === 'text')
  const isTask = declaration.tags.includes('task')
  // Rules are older than most texts of a task: together they are one line, as info metrics are.
  const together = isTask ? texts.map(([name]) => name).filter((name) => name !== 'status') : []
  const series: Record<string, SeriesName[]> = {}
  for (const [name, { help, kind }] of attributesOf(declaration)) {
    if (together.includes(name)) continue
    series[name] = [
      { family: `${prefix}_${snake(name)}`, help, label: kind === 'text' ? snake(name) : null, factor: 1 },
    ]
  }
  const info =
    together.length === 0
      ? null
      : { family: `${prefix}_info`, help: `${declaration.summary} Classes and versions.`, attributes: together }
  return { tags, constants: [], series, info }
}

/** Where newer JMX exporters cut the ending off, since they do not see a counter there. */
const withoutTotal = new Set(['completed-rebalances-total', 'failed-authentication-total'])

function confluentNames(declaration: GroupDeclaration): GroupNames {
  const { domain, type } = declaration
  const tags = declaration.tags.map(snake)
  const prefix = `kafka_${domain}_${snake(type)}`
  const series: Record<string, SeriesName[]> = {}
  for (const [name, { help, kind }] of attributesOf(declaration)) {
    const text = { help, label: snake(name), factor: 1 }
    if (type === 'app-info') {
      series[name] = ['kafka_connect_app_info', 'kafka_connect_app'].map((family) => ({ family, ...text }))
    } else if (type === 'connector-metrics') {
      series[name] = [
        { family: prefix, ...text, help: declaration.summary },
        { family: `${prefix}_${snake(name)}_info`, ...text },
      ]
    } else if (kind === 'text') {
      series[name] = [{ family: `${prefix}_${snake(name)}_info`, ...text }]
    } else {
      const family = `${prefix}_${snake(name)}`
      series[name] = [{ family, help, label: null, factor: 1 }]
      if (domain === 'connect' && withoutTotal.has(name))
        series[name].push({ family: family.replace(/_total$/, ''), help, label: null, factor: 1 })
    }
  }
  // Each text of a task by itself would be most of the page; the other style's info family has them.
  if (declaration.tags.includes('task')) {
    for (const [name, { kind }] of attributesOf(declaration))
      if (kind === 'text' && name !== 'status') delete series[name]
  }
  return { tags, constants: confluentConstants(declaration), series, info: null }
}

function confluentConstants({ domain, type, tags }: GroupDeclaration): GroupNames['constants'] {
  if (domain !== 'connect') return [['client_type', domain]]
  return type === 'connect-worker-metrics' && tags.length === 0 ? [['connector', 'aggregate']] : []
}

function debeziumNames(declaration: GroupDeclaration): GroupNames | null {
  const { domain, type, tags } = declaration
  if (domain !== 'connect') return null
  const isWorker = type === 'connect-worker-metrics' && tags.length === 0
  if (!isWorker && type !== 'connect-metrics') return null
  const prefix = isWorker ? 'kafka_connect_worker_metrics' : 'kafka_connect_metrics'
  const series = Object.fromEntries(
    attributesOf(declaration).map(([name, { help }]): [string, SeriesName[]] => [
      name,
      [{ family: `${prefix}_${snake(name)}`, help, label: null, factor: 1 }],
    ]),
  )
  return { tags: isWorker ? [] : ['client'], constants: [], series, info: null }
}

function attributesOf(declaration: GroupDeclaration): [string, AttributeDeclaration][] {
  return Object.entries(declaration.attributes)
}
