/** The broker cannot listen where `listeners` tells it to. The message names the address and what to do. */
export class ListenError extends Error {
  readonly code = 'MILL_LISTEN'
  readonly retriable = false

  override get name(): string {
    return 'ListenError'
  }
}
