import { ConnectError, type SinkRecord } from '../../connect/index.ts'
import type { ErrorHandler } from './error-handler.ts'
import { StageError } from './stage-error.ts'

/**
 * What a sink task may report records to that it skips (KIP-610); null unless failures are logged somewhere. A report rejects
 * when the connector tolerates no errors.
 */
export function errantRecordReporter(
  errors: ErrorHandler,
  pluginClass: string,
): { report(record: SinkRecord, error: Error): Promise<void> } | null {
  if (!errors.policy.log) return null
  return {
    report(record, error) {
      const isSkipped = errors.report(new StageError('TASK_PUT', pluginClass, error), {
        topic: record.originalTopic,
        partition: record.originalKafkaPartition,
        offset: record.originalKafkaOffset,
        timestamp: record.timestamp ?? null,
        timestampType: record.timestampType,
      })
      if (isSkipped) return Promise.resolve()
      const text = `Tolerance exceeded in error handler: ${error.message}. Set errors.tolerance=all to skip such records.`
      return Promise.reject(new ConnectError(text, { cause: error }))
    },
  }
}
