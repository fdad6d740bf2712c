/** A task's metrics as they cross threads: Kafka's attribute names and their values. */
export interface TaskMetrics {
  readonly connector: string
  readonly task: number
  readonly kind: 'source' | 'sink'
  readonly status: TaskMeterState
  /** Attributes of `connector-task-metrics`, but for texts. */
  readonly common: Readonly<Record<string, number>>
  /** Of `source-task-metrics` or `sink-task-metrics`. */
  readonly own: Readonly<Record<string, number>>
  /** Of `task-error-metrics`. */
  readonly errors: Readonly<Record<string, number>>
  /** Of the task's producer or consumer. Null before there is one. */
  readonly client: { readonly id: string; readonly values: Readonly<Record<string, number>> } | null
}

/** Kafka's status values of a task. */
export type TaskMeterState = 'running' | 'paused' | 'failed' | 'unassigned'
