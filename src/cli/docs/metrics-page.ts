import { type GroupDeclaration, metricDeclarations, missingAttributes } from '../../runtime/metrics/declarations.ts'
import { type NameStyle, namesOf, nameStyles } from '../../runtime/metrics/prometheus-names.ts'
import { code, page, plain, section, table } from './markdown.ts'

const styleNotes: Readonly<Record<NameStyle, string>> = {
  'jmx-exporter':
    "the example rules of the JMX exporter and those of Strimzi with it; Strimzi's Kafka Connect board and alerts, and boards made for the example rules",
  confluent:
    "the rules of Confluent's monitoring stacks, Aiven and the Strimzi Metrics Reporter; Confluent's `kafka-connect-cluster` board, Strimzi's board for the reporter",
  debezium: "the rules of Debezium's monitoring example: worker and network only",
}

/** Every metric with its names. */
export function metricsPage(): string {
  return page(
    'Metrics',
    '`GET /metrics` of any worker gives them to Prometheus, for the connectors and tasks that are on that worker. Attributes are ' +
      "named and measured as Kafka Connect's (`kafka.connect:type=<group>,<tag>=…` in JMX). Rates, averages and extremes look back " +
      'over `metrics.num.samples` windows of `metrics.sample.window.ms`; where nothing was measured in that time an average is `NaN`.',
    section(
      2,
      'Names for Prometheus',
      'Which names a board queries depends on the rules that its author had in the JMX exporter. The page has the names of all the ' +
        'usual rules; `GET /metrics?names=confluent` or `names=jmx-exporter,debezium` gives fewer (in Prometheus: `params: {names: ' +
        '[confluent]}`).',
      table(
        ['names', 'whose they are, and which boards light up'],
        nameStyles.map((style) => [code(style), styleNotes[style]]),
      ),
      'Panels about the JVM (`jvm_…`), the admin client, single brokers and containers stay empty.',
      'A metric that is a text is a series with the value 1 and the text as a label.',
    ),
    ...metricDeclarations.map(groupPart),
    section(
      2,
      'The process',
      'As Prometheus client libraries have it: `process_cpu_user_seconds_total`, `process_cpu_system_seconds_total`, ' +
        '`process_cpu_seconds_total`, `process_start_time_seconds`, `process_resident_memory_bytes`; of the main thread ' +
        '`nodejs_heap_size_total_bytes`, `nodejs_heap_size_used_bytes`, `nodejs_external_memory_bytes`, ' +
        '`nodejs_eventloop_utilization`, `nodejs_eventloop_lag_seconds` with `_max_`, `_p50_`, `_p90_` and `_p99_` before ' +
        '`seconds`; `nodejs_version_info`.',
    ),
    section(
      2,
      'Not there',
      table(
        ['group', 'attributes', 'why'],
        missingAttributes.map(({ type, attributes, reason }) => [
          code(type),
          attributes.map((name) => (name.startsWith('(') ? name : code(name))).join(', '),
          plain(reason),
        ]),
      ),
    ),
  )
}

function groupPart(group: GroupDeclaration): string {
  const tags = group.tags.length === 0 ? '' : ` (${group.tags.join(', ')})`
  const rows = Object.entries(group.attributes).map(([name, { help, kind }]) => [
    code(name),
    kind,
    plain(help),
    prometheusNames(group, name),
  ])
  return section(
    2,
    `${group.domain === 'connect' ? '' : `kafka.${group.domain} `}${group.type}${tags}`,
    plain(group.summary),
    table(['attribute', 'is a', 'what it says', 'in Prometheus'], rows),
  )
}

/** One name of each style. */
function prometheusNames(group: GroupDeclaration, attribute: string): string {
  const families = nameStyles.flatMap((style) => {
    const names = namesOf(group, style)
    const own = (names?.series[attribute] ?? []).map(({ family }) => family)
    return names?.info?.attributes.includes(attribute) === true ? [names.info.family] : own
  })
  return [...new Set(families)].map(code).join('<br>')
}
