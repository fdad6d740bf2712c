import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'

/** A data folder or a file in it cannot be used: not writable, in use, damaged, full. Names the path and what to do. */
export class StorageError extends Error {
  readonly code = 'MILL_STORAGE'
  readonly retriable = false

  override get name(): string {
    return 'StorageError'
  }
}

/** What is wrong with one record of a batch; `batchIndex` counts records from 0. */
export interface RecordError {
  batchIndex: number
  message: string
}

/** A batch was refused because of single records: the answer to Produce (version 8 and later) lists them. */
export class InvalidRecordError extends ProtocolError {
  readonly recordErrors: readonly RecordError[]

  constructor(code: number, message: string, recordErrors: readonly RecordError[] = []) {
    super(code, message)
    this.recordErrors = recordErrors
  }
}

/** The error of an append or read that failed because the disk did (KAFKA_STORAGE_ERROR, retriable for clients). */
export function storageFailure(what: string, cause: unknown): ProtocolError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new ProtocolError(ErrorCode.KAFKA_STORAGE_ERROR, `${what}: ${why}`, { cause })
}

/** Whether `error` is Node's error with this code, such as ENOENT. */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
