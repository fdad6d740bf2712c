import { partitionKey } from '../../client/index.ts'
import {
  IllegalStateError,
  type SinkTaskContext,
  type TopicPartition,
  type TopicPartitionOffset,
} from '../../connect/index.ts'
import type { ErrantRecords } from '../errors/errant-records.ts'
import type { SinkOffsets } from './sink-offsets.ts'
import type { TaskEnvironment } from './task-environment.ts'

/** What a task's wishes set off at once. */
export interface SinkContextActions {
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  requestCommit(): void
}

/** What a sink task asked for through its context; the loop looks here when it is time for it. */
export class SinkContext {
  readonly #offsets: SinkOffsets
  readonly #actions: SinkContextActions
  readonly #paused = new Set<string>()
  #rewinds: TopicPartitionOffset[] = []
  #timeoutMs: number | null = null

  constructor(offsets: SinkOffsets, actions: SinkContextActions) {
    this.#offsets = offsets
    this.#actions = actions
  }

  forTask(env: TaskEnvironment, errant: ErrantRecords | null): SinkTaskContext {
    const { id, connectorProps, taskProps, control, logger } = env
    return {
      connector: id.connector,
      task: id.task,
      logger: logger.child({ logger: env.scope.owner.pluginClass }),
      config: { ...connectorProps, ...taskProps },
      signal: control.signal,
      assignment: () => this.#offsets.assignment(),
      offset: (offsets) => void this.#rewinds.push(...offsets),
      pause: (...partitions) => {
        this.#requireAssigned(partitions, 'pause')
        for (const partition of partitions) this.#paused.add(keyOf(partition))
        this.#actions.pause(partitions)
      },
      resume: (...partitions) => {
        this.#requireAssigned(partitions, 'resume')
        for (const partition of partitions) this.#paused.delete(keyOf(partition))
        this.#actions.resume(partitions)
      },
      timeout: (ms) => {
        this.#timeoutMs = ms > 0 ? ms : null
      },
      requestCommit: () => this.#actions.requestCommit(),
      errantRecordReporter: errant === null ? null : { report: (record, error) => errant.report(record, error) },
    }
  }

  #requireAssigned(partitions: readonly TopicPartition[], what: string): void {
    const foreign = partitions.find((partition) => !this.#offsets.has(partition))
    if (foreign === undefined) return
    throw new IllegalStateError(
      `SinkTasks may not ${what} partitions that are not currently assigned to them: ${foreign.topic}-${foreign.partition}`,
    )
  }

  hasPaused(partition: TopicPartition): boolean {
    return this.#paused.has(keyOf(partition))
  }

  /** Forgets pauses of partitions that others have now. */
  retainPauses(): void {
    const assigned = new Set(this.#offsets.assignment().map(keyOf))
    for (const key of this.#paused) if (!assigned.has(key)) this.#paused.delete(key)
  }

  /** Milliseconds that the task gave by `timeout`, once; null when it gave none. */
  takeTimeout(): number | null {
    const timeoutMs = this.#timeoutMs
    this.#timeoutMs = null
    return timeoutMs
  }

  /** Where the task wants to go (back) to, once. */
  takeRewinds(): readonly TopicPartitionOffset[] {
    const rewinds = this.#rewinds
    if (rewinds.length > 0) this.#rewinds = []
    return rewinds
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return partitionKey(topic, partition)
}
