import { withoutSecrets } from '../../base/secrets.ts'
import type { RecordHeader } from '../../protocol/records/index.ts'
import type { ConnectorTaskId } from '../task-runner.ts'
import type { DeadLetter, FailedRecord } from './failed-record.ts'
import { javaClassOf } from './java-names.ts'
import type { StageError } from './stage-error.ts'
import { traceOf } from './trace.ts'

const PREFIX = '__connect.errors.'

/**
 * Kafka Connect's headers that tell what went wrong, as UTF-8 text, in its order. A source's record has no offset; instead
 * it has `source.partition` and `source.offset` as JSON. Secrets that an error quotes are hidden.
 */
export function contextHeaders(
  id: ConnectorTaskId,
  error: StageError,
  record: FailedRecord,
  letter: DeadLetter,
): RecordHeader[] {
  const { cause } = error
  const { source } = letter
  const message = cause instanceof Error ? cause.message : String(cause)
  return [
    header('topic', record.topic),
    ...(record.partition === null ? [] : [header('partition', String(record.partition))]),
    ...(record.offset === null ? [] : [header('offset', String(record.offset))]),
    ...(source === undefined
      ? []
      : [
          header('source.partition', withoutSecrets(source.partition)),
          header('source.offset', withoutSecrets(source.offset)),
        ]),
    header('connector.name', id.connector),
    header('task.id', String(id.task)),
    header('stage', error.stage),
    header('class.name', error.className),
    header('exception.class.name', javaClassOf(cause)),
    header('exception.message', message === '' ? null : withoutSecrets(message)),
    header('exception.stacktrace', withoutSecrets(traceOf(cause, javaClassOf))),
  ]
}

function header(name: string, value: string | null): RecordHeader {
  return { key: PREFIX + name, value: value === null ? null : Buffer.from(value) }
}
