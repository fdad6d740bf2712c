/** What JMX calls an MBean: the attributes of one thing, told apart from its kind by tags. */
export interface MetricGroup {
  /** First part of Kafka's name, behind `kafka.`. */
  readonly domain: MetricDomain
  /** `type` of Kafka's name, such as `connector-task-metrics`. */
  readonly type: string
  readonly tags: Readonly<Record<string, string>>
  /** By attribute name; NaN where there is nothing to average. */
  readonly values: Readonly<Record<string, number | string>>
}

export type MetricDomain = 'connect' | 'producer' | 'consumer'

/** Whoever knows all metrics of a process. */
export interface MetricsSource {
  collect(): Promise<MetricGroup[]>
}
