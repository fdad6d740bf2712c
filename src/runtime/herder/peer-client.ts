import { once } from 'node:events'
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent, request as httpsRequest } from 'node:https'
import { text } from 'node:stream/consumers'
import type { SecureContextOptions } from 'node:tls'
import { PeerError } from '../errors.ts'

/** Of the client's side of TLS. */
export type TlsOptions = SecureContextOptions & { readonly checkServerIdentity?: () => undefined }

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

/** Calls the REST servers of other workers, over https with the settings of this worker's own listeners. */
export class PeerClient {
  readonly #tls: () => TlsOptions
  /** Keeps no connections: one that the other side has just closed would fail a request that must not be repeated. */
  readonly #httpAgent = new HttpAgent()
  #agent: Agent | null = null

  /** @param tls asked once, when an https address is first called */
  constructor(tls: () => TlsOptions = () => ({})) {
    this.#tls = tls
  }

  /** Sends a request. An error answer becomes a {@link PeerError} with its status, one that cannot be sent one with 500. */
  async call(request: PeerRequest): Promise<PeerResponse> {
    let response: PeerResponse
    try {
      response = await this.#send(request)
    } catch (cause) {
      throw new PeerError(
        500,
        `IO Error trying to forward REST request to ${new URL(request.url).origin}: ${reasonOf(cause)}`,
      )
    }
    const { status, body } = response
    if (status >= 300) throw new PeerError(status < 400 ? 500 : status, messageOf(body) ?? `HTTP ${status}`)
    return response
  }

  close(): void {
    this.#httpAgent.destroy()
    this.#agent?.destroy()
  }

  async #send({ method, url, body, headers, timeoutMs }: PeerRequest): Promise<PeerResponse> {
    const options = {
      method,
      headers: {
        accept: 'application/json',
        'user-agent': 'kafka-connect',
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        ...headers,
      },
      signal: AbortSignal.timeout(timeoutMs),
    }
    const outgoing = url.startsWith('https:')
      ? httpsRequest(url, { ...options, agent: (this.#agent ??= new Agent(this.#tls())) })
      : httpRequest(url, { ...options, agent: this.#httpAgent })
    const answered = once(outgoing, 'response')
    outgoing.end(body)
    const [incoming] = (await answered) as [IncomingMessage]
    return {
      status: incoming.statusCode ?? 500,
      location: incoming.headers.location ?? null,
      body: await text(incoming),
    }
  }
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
