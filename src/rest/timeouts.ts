/** How long requests may take, in milliseconds. Looked at anew for each request. */
export interface RestTimeouts {
  readonly requestMs: number
  /** Of `GET /health`, whose answer is that it took longer. */
  readonly healthMs: number
}

/** Kafka Connect's. */
export const restTimeouts: RestTimeouts = { requestMs: 90_000, healthMs: 10_000 }
