import { ConfigError, ConnectError, isConnectError } from '../../connect/index.ts'
import { traceOf } from '../errors/trace.ts'
import type { ErrorData } from './messages.ts'

/** An error as it crosses threads; causes become part of the stack text. */
export function toErrorData(error: unknown): ErrorData {
  const config = findConfigError(error)
  return {
    name: error instanceof Error ? error.name : 'Error',
    message: error instanceof Error ? error.message : String(error),
    stack: traceOf(error),
    kind: config === null ? 'other' : 'config',
    errors: config?.errors ?? {},
  }
}

export function fromErrorData(data: ErrorData): Error {
  const error =
    data.kind === 'config' ? new ConfigError(data.message, { errors: data.errors }) : new ConnectError(data.message)
  error.name = data.name
  error.stack = data.stack
  return error
}

function findConfigError(error: unknown): { errors: Readonly<Record<string, readonly string[]>> } | null {
  let current = error
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    if (isConnectError(current, 'ConfigError')) return { errors: (current as ConfigError).errors ?? {} }
    current = current.cause
  }
  return null
}
