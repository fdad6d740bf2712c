/** What the rig calls over Kafka Connect's REST API, as any user would. */
export class ConnectRest {
  readonly url: string

  constructor(url: string) {
    this.url = url.replace(/\/$/, '')
  }

  async request(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      signal: AbortSignal.timeout(90_000),
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? null : JSON.parse(text) }
  }

  /** As `request`, but throws when the answer is an error. */
  async ok(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await this.request(method, path, body)
    if (answer.status >= 400)
      throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }

  createConnector(connector: { name: string; config: Record<string, string> }): Promise<unknown> {
    return this.ok('POST', '/connectors', connector)
  }

  /** Throws with the trace when the connector or one of its tasks has failed. Null: it has no status yet. */
  async assertHealthy(name: string): Promise<ConnectorStatus | null> {
    const answer = await this.request('GET', `/connectors/${encodeURIComponent(name)}/status`)
    if (answer.status === 404) return null
    const status = answer.body as ConnectorStatus
    for (const part of [status.connector, ...status.tasks]) {
      if (part.state === 'FAILED') throw new Error(`${name} has failed: ${part.trace ?? 'without a trace'}`)
    }
    return status
  }
}

export interface ConnectorStatus {
  name: string
  connector: { state: string; worker_id: string; trace?: string }
  tasks: { id: number; state: string; worker_id: string; trace?: string }[]
}

/** Waits until `check` gives something other than null; asks every `everyMs`. Throws after `timeoutMs`, saying for what. */
export async function until<T>(
  what: string,
  timeoutMs: number,
  check: () => Promise<T | null>,
  everyMs = 50,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const found = await check()
    if (found !== null) return found
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
