import { Sensor, type SensorSettings } from '../../base/sensor.ts'
import type { ConnectorTaskId, TargetState } from '../task-runner.ts'
import { StateClock } from './state-clock.ts'
import type { TaskMeterState, TaskMetrics } from './task-metrics.ts'

/** Totals of the error handler; see `ErrorCounters`. */
export interface ErrorTotals {
  readonly failures: number
  readonly errors: number
  readonly skipped: number
  readonly retries: number
  readonly logged: number
  readonly deadLetterRequests: number
  readonly deadLetterFailures: number
  readonly lastErrorTimestamp: number
}

/** Whatever counts the connections of a client. */
export interface ClientMeter {
  values(): Record<string, number>
}

/** The client that a task moves its records with. */
export interface TaskClient {
  /** `client.id`. */
  readonly id: string
  readonly meter: ClientMeter
}

/** Told how commits of offsets end. */
export type CommitMeter = Pick<AnyTaskMeter, 'committed' | 'commitFailed'>

export interface TaskMeterOptions {
  readonly id: ConnectorTaskId
  readonly target: TargetState
  readonly errors: ErrorTotals
  readonly sensors: SensorSettings
  /** Milliseconds of a monotonic clock, default `performance.now`. */
  readonly now?: () => number
}

/** What source and sink tasks have in common. Everything is recorded once a batch, nothing once a record. */
abstract class TaskMeter {
  readonly #id: ConnectorTaskId
  readonly #states: StateClock<TaskMeterState>
  readonly #errors: ErrorTotals
  readonly #commitTimes: Sensor
  readonly #commitResults: Sensor
  readonly #batches: Sensor
  #client: TaskClient | null = null
  protected readonly now: () => number

  constructor({ id, target, errors, sensors, now = () => performance.now() }: TaskMeterOptions) {
    this.#id = id
    this.now = now
    this.#states = new StateClock<TaskMeterState>(target === 'STARTED' ? 'running' : 'paused', now())
    this.#errors = errors
    this.#commitTimes = new Sensor(sensors)
    this.#commitResults = new Sensor(sensors)
    this.#batches = new Sensor(sensors)
  }

  protected abstract readonly kind: 'source' | 'sink'

  protected abstract own(now: number): Record<string, number>

  /** What the task knows of its client beside what the client knows itself. */
  protected ofClient(_now: number): Record<string, number> {
    return {}
  }

  enter(state: TaskMeterState): void {
    this.#states.change(state, this.now())
  }

  /** The producer or consumer of the task is there. */
  use(client: TaskClient): void {
    this.#client = client
  }

  committed(durationMs: number): void {
    const now = this.now()
    this.#commitTimes.record(durationMs, now)
    this.#commitResults.record(1, now)
  }

  commitFailed(): void {
    this.#commitResults.record(0, this.now())
  }

  protected batch(records: number, now: number): void {
    this.#batches.record(records, now)
  }

  snapshot(): TaskMetrics {
    const now = this.now()
    const { connector, task } = this.#id
    return {
      connector,
      task,
      kind: this.kind,
      status: this.#states.state,
      common: {
        'running-ratio': this.#states.ratio('running', now),
        'pause-ratio': this.#states.ratio('paused', now),
        'offset-commit-max-time-ms': this.#commitTimes.max(now),
        'offset-commit-avg-time-ms': this.#commitTimes.avg(now),
        'offset-commit-success-percentage': this.#commitResults.share(1, now),
        'offset-commit-failure-percentage': this.#commitResults.share(0, now),
        'batch-size-max': this.#batches.max(now),
        'batch-size-avg': this.#batches.avg(now),
      },
      own: this.own(now),
      errors: {
        'total-record-failures': this.#errors.failures,
        'total-record-errors': this.#errors.errors,
        'total-records-skipped': this.#errors.skipped,
        'total-retries': this.#errors.retries,
        'total-errors-logged': this.#errors.logged,
        'deadletterqueue-produce-requests': this.#errors.deadLetterRequests,
        'deadletterqueue-produce-failures': this.#errors.deadLetterFailures,
        'last-error-timestamp': this.#errors.lastErrorTimestamp,
      },
      client:
        this.#client === null
          ? null
          : { id: this.#client.id, values: { ...this.#client.meter.values(), ...this.ofClient(now) } },
    }
  }
}

/** Metrics of a source task. */
export class SourceTaskMeter extends TaskMeter {
  protected readonly kind = 'source'
  readonly #polls: Sensor
  readonly #pollTimes: Sensor
  readonly #writes: Sensor
  readonly #active: Sensor

  constructor(options: TaskMeterOptions) {
    super(options)
    const { sensors } = options
    this.#polls = new Sensor(sensors)
    this.#pollTimes = new Sensor(sensors)
    this.#writes = new Sensor(sensors)
    this.#active = new Sensor(sensors)
  }

  /** A poll gave records; `outstanding` ones of earlier polls are not stored yet. */
  polled(records: number, durationMs: number, outstanding: number): void {
    const now = this.now()
    this.#polls.record(records, now)
    this.#pollTimes.record(durationMs, now)
    this.#active.record(outstanding + records, now)
    this.batch(records, now)
  }

  /** Records are stored in Kafka, `outstanding` ones are not yet. */
  written(records: number, outstanding: number): void {
    const now = this.now()
    this.#writes.record(records, now)
    this.#active.record(outstanding, now)
  }

  /** Everything that was polled is either stored or dropped by transforms. */
  settled(outstanding: number): void {
    if (this.#active.last !== outstanding) this.#active.record(outstanding, this.now())
  }

  protected own(now: number): Record<string, number> {
    return {
      'source-record-poll-rate': this.#polls.rate(now),
      'source-record-poll-total': this.#polls.total,
      'source-record-write-rate': this.#writes.rate(now),
      'source-record-write-total': this.#writes.total,
      'poll-batch-max-time-ms': this.#pollTimes.max(now),
      'poll-batch-avg-time-ms': this.#pollTimes.avg(now),
      'source-record-active-count': this.#active.last,
      'source-record-active-count-max': this.#active.max(now),
      'source-record-active-count-avg': this.#active.avg(now),
    }
  }
}

/** Metrics of a sink task. */
export class SinkTaskMeter extends TaskMeter {
  protected readonly kind = 'sink'
  readonly #reads: Sensor
  readonly #sends: Sensor
  readonly #putTimes: Sensor
  readonly #completions: Sensor
  readonly #skips: Sensor
  readonly #active: Sensor
  readonly #lags: Sensor
  readonly #fetchedRecords: Sensor
  readonly #fetchedBytes: Sensor
  #commits = 0
  #partitions = 0

  constructor(options: TaskMeterOptions) {
    super(options)
    const { sensors } = options
    this.#reads = new Sensor(sensors)
    this.#sends = new Sensor(sensors)
    this.#putTimes = new Sensor(sensors)
    this.#completions = new Sensor(sensors)
    this.#skips = new Sensor(sensors)
    this.#active = new Sensor(sensors)
    this.#lags = new Sensor(sensors)
    this.#fetchedRecords = new Sensor(sensors)
    this.#fetchedBytes = new Sensor(sensors)
  }

  /** A fetch brought records of one partition; `lag` are those that are there beyond them. */
  fetched(records: number, bytes: number, lag: number): void {
    const now = this.now()
    this.#lags.record(lag, now)
    this.#fetchedRecords.record(records, now)
    this.#fetchedBytes.record(bytes, now)
  }

  read(records: number): void {
    this.#reads.record(records, this.now())
  }

  /** The task took records (none, when there was nothing to read). */
  put(records: number, durationMs: number): void {
    const now = this.now()
    this.batch(records, now)
    this.#sends.record(records, now)
    this.#putTimes.record(durationMs, now)
  }

  /** Records that were delivered and whose offsets are not committed. */
  active(records: number): void {
    this.#active.record(records, this.now())
  }

  assigned(partitions: number): void {
    this.#partitions = partitions
  }

  commitStarted(): void {
    this.#commits++
  }

  override committed(durationMs: number): void {
    super.committed(durationMs)
    this.#completions.record(1, this.now())
  }

  /** The answer to a commit came when it was given up already. */
  commitSkipped(): void {
    this.#skips.record(1, this.now())
  }

  protected override ofClient(now: number): Record<string, number> {
    return {
      'records-lag-max': this.#lags.max(now),
      'records-consumed-rate': this.#fetchedRecords.rate(now),
      'records-consumed-total': this.#fetchedRecords.total,
      'bytes-consumed-rate': this.#fetchedBytes.rate(now),
      'bytes-consumed-total': this.#fetchedBytes.total,
    }
  }

  protected own(now: number): Record<string, number> {
    return {
      'sink-record-read-rate': this.#reads.rate(now),
      'sink-record-read-total': this.#reads.total,
      'sink-record-send-rate': this.#sends.rate(now),
      'sink-record-send-total': this.#sends.total,
      'put-batch-max-time-ms': this.#putTimes.max(now),
      'put-batch-avg-time-ms': this.#putTimes.avg(now),
      'partition-count': this.#partitions,
      'offset-commit-seq-no': this.#commits,
      'offset-commit-completion-rate': this.#completions.rate(now),
      'offset-commit-completion-total': this.#completions.total,
      'offset-commit-skip-rate': this.#skips.rate(now),
      'offset-commit-skip-total': this.#skips.total,
      'sink-record-active-count': this.#active.last,
      'sink-record-active-count-max': this.#active.max(now),
      'sink-record-active-count-avg': this.#active.avg(now),
    }
  }
}

export type AnyTaskMeter = SourceTaskMeter | SinkTaskMeter
