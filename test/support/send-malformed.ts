import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { type Call, MalformedCalls, type OpenApiDocument } from './malformed-calls.ts'

export interface MalformedRun {
  /** Statuses with how often they came; 0: the connection was closed without an answer, as is right for what is no HTTP. */
  readonly statuses: ReadonlyMap<number, number>
  /** Calls that were answered as none may be, or not at all. */
  readonly faults: readonly string[]
  readonly slowestMs: number
}

export interface MalformedRunOptions {
  /** With a slash at the end. */
  readonly url: string
  readonly calls: number
  readonly seed: number
  readonly atOnce?: number
  /** A call without an answer after this many milliseconds is a fault. Default 20000. */
  readonly deadlineMs?: number
}

interface Answer {
  readonly status: number
  readonly body: string
}

/** Kafka Connect answers 500 for what its JSON binding cannot read, and to validations without a connector; all else is a fault. */
const bodyFaults =
  /^(?:The request body is |The request has no "config"|Cannot deserialize value|Cannot construct instance|Cannot coerce empty String|Unrecognized field|org\.apache\.kafka\.connect\.runtime\.rest\.errors\.BadRequestException: )/

/** Sends calls that were made from the server's own `/openapi.json` and spoilt, and looks at each answer. */
export async function sendMalformed(options: MalformedRunOptions): Promise<MalformedRun> {
  const { url, calls, seed, atOnce = 8, deadlineMs = 20_000 } = options
  const document = (await (await fetch(`${url}openapi.json`)).json()) as OpenApiDocument
  const made = new MalformedCalls(document, seed)
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce })
  const statuses = new Map<number, number>()
  const faults: string[] = []
  let left = calls
  let slowestMs = 0
  const sendSome = async (): Promise<void> => {
    while (left > 0) {
      left--
      const call = made.next()
      const began = performance.now()
      try {
        const answer = await (call.raw === null
          ? send(url, call, agent, deadlineMs)
          : sendRaw(url, call.raw, deadlineMs))
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        const fault = faultOf(call, answer)
        if (fault !== null) faults.push(fault)
      } catch (error) {
        faults.push(`${described(call)}: ${(error as Error).message}`)
      }
      slowestMs = Math.max(slowestMs, performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, sendSome))
  agent.destroy()
  return { statuses, faults, slowestMs }
}

function faultOf(call: Call, { status, body }: Answer): string | null {
  if (status === 0) return call.raw === null ? `${described(call)}: closed without an answer` : null
  if (status < 500 || status === 503) return null
  if (status === 500) {
    const message = /"message":"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] ?? body
    if (bodyFaults.test(message.replaceAll('\\"', '"'))) return null
  }
  // Java's server does not know such methods either.
  if (status === 501) return null
  return `${described(call)}: ${status} ${body.slice(0, 300)}`
}

function described({ method, path, headers, body, raw }: Call): string {
  if (raw !== null) return `raw ${JSON.stringify(raw.subarray(0, 200).toString('latin1'))}`
  return `${method} ${path.slice(0, 200)} ${JSON.stringify(headers).slice(0, 300)} ${body?.subarray(0, 300).toString('latin1') ?? ''}`
}

function send(url: string, call: Call, agent: Agent, deadlineMs: number): Promise<Answer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        hostname,
        port,
        agent,
        method: call.method,
        path: call.path,
        headers: { ...call.headers },
        timeout: deadlineMs,
      },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }))
        response.on('error', reject)
      },
    )
    sent.on('timeout', () => sent.destroy(new Error(`no answer after ${deadlineMs} ms`)))
    sent.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' && sent.reusedSocket) resolve(send(url, call, agent, deadlineMs))
      else reject(error)
    })
    if (call.body !== null) sent.setHeader('content-length', call.body.length)
    sent.end(call.body ?? undefined)
  })
}

/** Sends bytes and says no more, so that a server which waits for the rest sees the end. */
function sendRaw(url: string, bytes: Buffer, deadlineMs: number): Promise<Answer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    const chunks: Buffer[] = []
    const timer = setTimeout(() => socket.destroy(new Error(`not closed after ${deadlineMs} ms`)), deadlineMs)
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer)
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve({ status: 0, body: '' })
      else reject(error)
    })
    socket.on('close', () => {
      clearTimeout(timer)
      const text = Buffer.concat(chunks).toString()
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0), body: text.split('\r\n\r\n')[1] ?? '' })
    })
    socket.end(bytes)
  })
}
