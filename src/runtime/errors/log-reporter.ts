import type { Logger } from '../../base/logger.ts'
import type { ConnectorTaskId } from '../task-runner.ts'
import type { ErrorPolicy } from './error-policy.ts'
import type { ErrorReporter, FailedRecord } from './failed-record.ts'
import type { StageError } from './stage-error.ts'

export interface LogReporterOptions {
  readonly id: ConnectorTaskId
  readonly policy: Pick<ErrorPolicy, 'log' | 'logMessages'>
  readonly logger: Logger
  readonly counters: { logged: number }
}

/** Logs failures when `errors.log.enable` is set, in the words of Kafka Connect. */
export class LogReporter implements ErrorReporter {
  readonly #options: LogReporterOptions

  constructor(options: LogReporterOptions) {
    this.#options = options
  }

  report(error: StageError, record: FailedRecord | undefined): null {
    const { policy, counters, logger, id } = this.#options
    if (!policy.log) return null
    counters.logged++
    logger.error({ ...id, err: error.cause }, this.message(error, record))
    return null
  }

  message({ stage, className }: StageError, record: FailedRecord | undefined): string {
    const { policy, id } = this.#options
    const details = policy.logMessages && record !== undefined ? `, ${record.description}` : ''
    return `Error encountered in task ${id.connector}-${id.task}. Executing stage '${stage}' with class '${className}'${details}.`
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
