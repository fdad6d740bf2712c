import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, constants, mkdtemp, rm } from 'node:fs/promises'
import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { startFauxqs } from 'fauxqs'
import { freePort } from './free-port.ts'

export interface TestS3 {
  /** Which server it is, for messages. */
  readonly name: string
  readonly url: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** What the server is known to do right; tests of the rest are skipped. */
  readonly knows: { readonly conditionalWrites: boolean; readonly credentials: boolean; readonly uploadLists: boolean }
  /** An SDK client with these credentials. */
  readonly client: S3Client
  createBucket(name: string): Promise<void>
  stop(): Promise<void>
}

const accessKeyId = 'test-key'
const secretAccessKey = 'not-a-secret-of-anybody'

function testS3(
  server: Pick<TestS3, 'name' | 'url' | 'knows' | 'stop'> & { accessKeyId?: string; secretAccessKey?: string },
): TestS3 {
  const credentials = {
    accessKeyId: server.accessKeyId ?? accessKeyId,
    secretAccessKey: server.secretAccessKey ?? secretAccessKey,
  }
  const client = new S3Client({
    region: 'us-east-1',
    endpoint: server.url,
    forcePathStyle: true,
    credentials,
    requestChecksumCalculation: 'WHEN_REQUIRED',
  })
  return {
    ...server,
    ...credentials,
    client,
    async createBucket(name) {
      await client.send(new CreateBucketCommand({ Bucket: name }))
    },
    async stop() {
      client.destroy()
      await server.stop()
    },
  }
}

/** The server that is always there: in this process, in memory; accepts any secret and ignores `If-None-Match`. */
export async function startFauxS3(): Promise<TestS3> {
  const server = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false })
  return testS3({
    name: 'fauxqs',
    url: `http://127.0.0.1:${server.port}`,
    knows: { conditionalWrites: false, credentials: false, uploadLists: false },
    stop: () => server.stop(),
  })
}

/**
 * An independent, persistent server: versitygw, from `MILLRACE_TEST_VERSITYGW`, the cache of built tools, or the PATH.
 * Null with the reason when there is none. To build it once:
 * `GOBIN="$PWD/node_modules/.cache/millrace/bin" go install github.com/versity/versitygw/cmd/versitygw@latest`
 */
export async function startVersityGateway(): Promise<TestS3 | { readonly missing: string }> {
  const binary = await findVersityGateway()
  if (binary === null)
    return { missing: 'versitygw is not built: see startVersityGateway in test/support/s3.ts (needs go)' }
  const folder = await mkdtemp(join(tmpdir(), 'millrace-versitygw-'))
  const port = await freePort()
  const child = spawn(
    binary,
    [
      '--access',
      accessKeyId,
      '--secret',
      secretAccessKey,
      '--port',
      `127.0.0.1:${port}`,
      '--region',
      'us-east-1',
      'posix',
      folder,
    ],
    { stdio: 'ignore' },
  )
  const exited = once(child, 'exit')
  await reachable(port, child)
  return testS3({
    name: 'versitygw',
    url: `http://127.0.0.1:${port}`,
    knows: { conditionalWrites: true, credentials: true, uploadLists: true },
    async stop() {
      child.kill()
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  })
}

/** A server of the user's choice: `MILLRACE_TEST_S3_URL`, `…_ACCESS_KEY`, `…_SECRET_KEY`. Null when not set. */
export function givenS3(env: NodeJS.ProcessEnv = process.env): TestS3 | null {
  const url = env['MILLRACE_TEST_S3_URL']
  if (url === undefined) return null
  return testS3({
    name: url,
    url,
    accessKeyId: env['MILLRACE_TEST_S3_ACCESS_KEY'] ?? '',
    secretAccessKey: env['MILLRACE_TEST_S3_SECRET_KEY'] ?? '',
    knows: { conditionalWrites: true, credentials: true, uploadLists: true },
    stop: () => Promise.resolve(),
  })
}

async function findVersityGateway(): Promise<string | null> {
  const cache = new URL('../../node_modules/.cache/millrace/bin/versitygw', import.meta.url).pathname
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'versitygw'))
  for (const path of [process.env['MILLRACE_TEST_VERSITYGW'], cache, ...onPath]) {
    if (path === undefined) continue
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  return null
}

async function reachable(port: number, child: { readonly exitCode: number | null }): Promise<void> {
  const deadline = Date.now() + 30_000
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch (error) {
      if (child.exitCode !== null || Date.now() > deadline) throw error
      await sleep(20)
    } finally {
      socket.destroy()
    }
  }
}

/** What is to happen to a request: an HTTP status, a reset before the server sees it, or an answer that gets lost. */
export type Fault = number | 'reset' | 'lost-answer' | null

export interface FaultyS3 {
  readonly url: string
  /** Every request as `METHOD path?query`, faults included. */
  readonly requests: string[]
  /** Decides about each request; null lets it pass. */
  fault: (request: string) => Fault
  stop(): Promise<void>
}

const errorCodes: Readonly<Record<number, string>> = { 403: 'AccessDenied', 500: 'InternalError', 503: 'SlowDown' }

/** Stands in front of a server and spoils requests on demand. */
export async function startFaultyS3(behind: TestS3): Promise<FaultyS3> {
  const target = new URL(behind.url)
  const server: Server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const faulty: FaultyS3 = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    fault: () => null,
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  server.on('checkContinue', (request, response) => {
    response.writeContinue()
    server.emit('request', request, response)
  })
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const name = `${request.method} ${request.url}`
    faulty.requests.push(name)
    const fault = faulty.fault(name)
    if (fault === 'reset') {
      request.socket.destroy()
      return
    }
    if (typeof fault === 'number') {
      request.resume()
      request.on('end', () => {
        response.writeHead(fault, { 'content-type': 'application/xml' })
        response.end(`<Error><Code>${errorCodes[fault] ?? 'Unknown'}</Code><Message>as told</Message></Error>`)
      })
      return
    }
    const { expect: _expect, ...headers } = request.headers
    const onward = httpRequest(
      { host: target.hostname, port: target.port, method: request.method, path: request.url, headers },
      (answer) => {
        if (fault === 'lost-answer') {
          answer.resume()
          answer.on('end', () => request.socket.destroy())
          return
        }
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      },
    )
    onward.on('error', () => request.socket.destroy())
    request.pipe(onward)
  })
  return faulty
}
