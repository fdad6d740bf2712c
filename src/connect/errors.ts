/**
 * What plugin authors throw. Kinds are told by a brand that is the same in every copy of this package, so that a
 * plugin with its own copy is understood: use `isConnectError(error, 'RetriableError')`, not `instanceof`.
 */
const brand = Symbol.for('millrace.connect.error')

export type ConnectErrorKind =
  | 'ConnectError'
  | 'ConfigError'
  | 'RetriableError'
  | 'DataError'
  | 'NotFoundError'
  | 'IllegalStateError'

export interface ConnectErrorOptions {
  readonly cause?: unknown
  /** Plain data for logs and REST answers; never secrets. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** Base of the family. Fails the task or connector that throws it; the message becomes the trace. */
export class ConnectError extends Error {
  readonly code: string = 'MILL_CONNECT'
  readonly retriable: boolean = false
  readonly details: Readonly<Record<string, unknown>>

  constructor(message: string, options: ConnectErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.details = options.details ?? {}
  }

  get [brand](): ConnectErrorKind[] {
    return ['ConnectError']
  }
}

/** Bad user configuration. `errors` maps a configuration key to what is wrong with it. */
export class ConfigError extends ConnectError {
  override readonly code = 'MILL_CONFIG'
  readonly errors: Readonly<Record<string, readonly string[]>>

  constructor(message: string, options: ConnectErrorOptions & { errors?: Record<string, readonly string[]> } = {}) {
    super(message, options)
    this.errors = options.errors ?? {}
  }

  override get [brand](): ConnectErrorKind[] {
    return ['ConnectError', 'ConfigError']
  }
}

/** Try again later: never fails a task by itself. */
export class RetriableError extends ConnectError {
  override readonly code = 'MILL_RETRIABLE'
  override readonly retriable = true

  override get [brand](): ConnectErrorKind[] {
    return ['ConnectError', 'RetriableError']
  }
}

/** This record cannot be handled; error tolerance and dead letters decide what happens. */
export class DataError extends ConnectError {
  override readonly code = 'MILL_DATA'

  override get [brand](): ConnectErrorKind[] {
    return ['ConnectError', 'DataError']
  }
}

/** Something named in the configuration does not exist (a table, a bucket, a file). */
export class NotFoundError extends ConnectError {
  override readonly code = 'MILL_NOT_FOUND'

  override get [brand](): ConnectErrorKind[] {
    return ['ConnectError', 'NotFoundError']
  }
}

/** A call that is not allowed in the present state. */
export class IllegalStateError extends ConnectError {
  override readonly code = 'MILL_ILLEGAL_STATE'

  override get [brand](): ConnectErrorKind[] {
    return ['ConnectError', 'IllegalStateError']
  }
}

/** True when `error` is of the family, whichever copy of this package made it; with `kind`, of that kind. */
export function isConnectError(error: unknown, kind: ConnectErrorKind = 'ConnectError'): error is ConnectError {
  if (typeof error !== 'object' || error === null) return false
  const kinds = (error as { [brand]?: unknown })[brand]
  return Array.isArray(kinds) && kinds.includes(kind)
}
