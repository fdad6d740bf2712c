import { presentable } from '../../base/thrown.ts'

/** The steps of a task that can fail, as Kafka Connect names them in logs and dead letter headers. */
export type Stage =
  | 'TASK_POLL'
  | 'TASK_PUT'
  | 'TRANSFORMATION'
  | 'KEY_CONVERTER'
  | 'VALUE_CONVERTER'
  | 'HEADER_CONVERTER'
  | 'KAFKA_PRODUCE'
  | 'KAFKA_CONSUME'

/** A failure with the step and the class that it happened in; `cause` is what was thrown there. */
export class StageError extends Error {
  readonly stage: Stage
  readonly className: string

  constructor(stage: Stage, className: string, thrown: unknown) {
    const cause = presentable(thrown)
    super(`${className} failed in stage ${stage}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.name = 'StageError'
    this.stage = stage
    this.className = className
  }
}
