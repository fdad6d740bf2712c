import { PeerError } from '../errors.ts'

export interface PeerRequest {
  readonly method: string
  /** Absolute. */
  readonly url: string
  /** JSON text. */
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs: number
}

export interface PeerResponse {
  readonly status: number
  readonly location: string | null
  /** JSON text; empty when there is none. */
  readonly body: string
}

/** Sends a request to another worker's REST server. An error answer becomes a {@link PeerError} with its status. */
export async function callPeer(request: PeerRequest): Promise<PeerResponse> {
  let response: Response
  let body: string
  try {
    response = await fetch(request.url, {
      method: request.method,
      headers: {
        accept: 'application/json',
        'user-agent': 'kafka-connect',
        ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
        ...request.headers,
      },
      ...(request.body === undefined ? {} : { body: request.body }),
      signal: AbortSignal.timeout(request.timeoutMs),
      redirect: 'error',
    })
    body = await response.text()
  } catch (cause) {
    throw new PeerError(
      500,
      `IO Error trying to forward REST request to ${new URL(request.url).origin}: ${reasonOf(cause)}`,
    )
  }
  if (response.status >= 400) throw new PeerError(response.status, messageOf(body) ?? `HTTP ${response.status}`)
  return { status: response.status, location: response.headers.get('location'), body }
}

function messageOf(body: string): string | null {
  try {
    const { message } = JSON.parse(body) as { message?: unknown }
    return typeof message === 'string' ? message : null
  } catch {
    return null
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
