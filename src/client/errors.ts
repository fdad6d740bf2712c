/**
 * The connection to a broker could not be made, or broke. `sent` tells whether the request may have reached the broker:
 * when it is false, sending it again cannot do anything twice.
 */
export class ConnectionError extends Error {
  readonly code = 'MILL_CONNECTION'
  readonly retriable = true
  readonly sent: boolean

  constructor(message: string, sent: boolean, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ConnectionError'
    this.sent = sent
  }
}

/** A client setting has a value that cannot work; the message begins with the setting's Kafka name. */
export class ClientConfigError extends Error {
  readonly code = 'MILL_CLIENT_CONFIG'
  readonly retriable = false
  /** Kafka's name of the setting, such as `batch.size`. */
  readonly setting: string

  constructor(setting: string, message: string) {
    super(`${setting}: ${message}`)
    this.name = 'ClientConfigError'
    this.setting = setting
  }
}

/** The client (cluster, producer, consumer or group member) was closed before the operation was finished. */
export class ClosedError extends Error {
  readonly code = 'MILL_CLIENT_CLOSED'
  readonly retriable = false

  constructor(what: string) {
    super(`${what} is closed`)
    this.name = 'ClosedError'
  }
}

/** The operation was given up because its `AbortSignal` fired. */
export class AbortedError extends Error {
  readonly code = 'MILL_ABORTED'
  readonly retriable = false

  constructor(operation: string, options?: ErrorOptions) {
    super(`${operation} was aborted`, options)
    this.name = 'AbortedError'
  }
}

/** Something that has to be done in time was not; `cause` is the last failure, if there was one. */
export class ClientTimeoutError extends Error {
  readonly code = 'MILL_CLIENT_TIMEOUT'
  readonly retriable = true

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'ClientTimeoutError'
  }
}

/** Whether the same request may be sent again: what the error itself says. */
export function isRetriable(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'retriable' in error && error.retriable === true
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
