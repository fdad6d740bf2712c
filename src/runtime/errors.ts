/** Base of what the runtime throws at its callers. `code` is stable; the message says what to do. */
export class RuntimeError extends Error {
  readonly code: string = 'MILL_RUNTIME'
  readonly retriable: boolean = false

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = new.target.name
  }
}

/** No such connector, task, plugin or logger. REST: 404. */
export class NotFoundError extends RuntimeError {
  override readonly code = 'MILL_NOT_FOUND'
}

/** The connector exists already. REST: 409. */
export class AlreadyExistsError extends RuntimeError {
  override readonly code = 'MILL_ALREADY_EXISTS'
}

/** The request cannot be carried out as it stands, e.g. an invalid connector configuration. REST: 400. */
export class BadRequestError extends RuntimeError {
  override readonly code = 'MILL_BAD_REQUEST'
}

/** A feature was switched off in the worker's configuration, or a signature does not match. REST: 403. */
export class ForbiddenError extends RuntimeError {
  override readonly code = 'MILL_FORBIDDEN'
}

/** Not ready for this request yet; try again. REST: 503. */
export class UnavailableError extends RuntimeError {
  override readonly code = 'MILL_UNAVAILABLE'
  override readonly retriable = true
}

/** The members of the group are changing; try again. REST: 409. */
export class RebalanceNeededError extends RuntimeError {
  override readonly code = 'MILL_REBALANCE_NEEDED'
  override readonly retriable = true
}

/** Another worker must do this. `url` is its REST address, or null when it is not known (yet). REST forwards there. */
export class ForwardError extends RuntimeError {
  override readonly code: string = 'MILL_FORWARD'
  override readonly retriable = true
  readonly url: string | null

  constructor(message: string, url: string | null) {
    super(message)
    this.url = url
  }
}

/** Only the leader may do this. */
export class NotLeaderError extends ForwardError {
  override readonly code = 'MILL_NOT_LEADER'

  constructor(leaderUrl: string | null) {
    super('Only the leader can do this', leaderUrl)
  }
}

/** The connector or task runs on another worker. */
export class NotAssignedError extends ForwardError {
  override readonly code = 'MILL_NOT_ASSIGNED'

  constructor(what: string, ownerUrl: string | null) {
    super(`${what} is not assigned to this worker`, ownerUrl)
  }
}

/** The worker did not come to it in time. REST: 500. */
export class RequestTimeoutError extends RuntimeError {
  override readonly code = 'MILL_REQUEST_TIMEOUT'
  override readonly retriable = true
}

/** Another worker answered a forwarded request with an error, which is passed on as it is. */
export class PeerError extends RuntimeError {
  override readonly code = 'MILL_PEER'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** The worker's own configuration is wrong. `errors` maps a property to what is wrong with it. */
export class WorkerConfigError extends RuntimeError {
  override readonly code = 'MILL_WORKER_CONFIG'
  readonly errors: Readonly<Record<string, readonly string[]>>

  constructor(errors: Readonly<Record<string, readonly string[]>>) {
    const lines = Object.values(errors).flat()
    super(lines.length === 1 ? `Worker configuration: ${lines[0]}` : `Worker configuration:\n  ${lines.join('\n  ')}`)
    this.errors = errors
  }
}

/** An internal topic is not as the worker needs it. Ends the start-up. */
export class InternalTopicError extends RuntimeError {
  override readonly code = 'MILL_INTERNAL_TOPIC'
}

/** The worker is stopping. REST: 500. */
export class ShutdownError extends RuntimeError {
  override readonly code = 'MILL_SHUTDOWN'
}
