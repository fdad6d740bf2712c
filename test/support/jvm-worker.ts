import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ended, JVM } from './apache-kafka.ts'
import { freePort } from './free-port.ts'

const START_TIMEOUT_MS = 120_000

/** A worker of Kafka Connect itself, on a free port of the loopback. */
export interface JvmWorker {
  /** REST address without a slash at the end. */
  readonly url: string
  /** Its worker id in statuses: `127.0.0.1:port`. */
  readonly id: string
  /** What it logged last. */
  output(): string
  /** Stops it as an operator does, with SIGTERM, and waits for its end. */
  stop(): Promise<void>
  /** Ends it at once. */
  kill(): Promise<void>
}

/**
 * Starts a distributed or standalone worker from the class path that `connectLibs` gives and waits until `/health` says
 * that it is ready. `props` are the worker's properties without `listeners`. Rejects with what it logged.
 */
export async function startJvmWorker(
  classPath: string,
  props: Readonly<Record<string, string>>,
  program: 'ConnectDistributed' | 'ConnectStandalone' = 'ConnectDistributed',
): Promise<JvmWorker> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-jvm-worker-'))
  const port = await freePort()
  const id = `127.0.0.1:${port}`
  const file = join(folder, 'worker.properties')
  const all = {
    // These plugins all have manifests; to scan every class of the class path as well, only to warn, takes seconds.
    'plugin.discovery': 'service_load',
    ...props,
    listeners: `http://${id}`,
    'rest.advertised.host.name': '127.0.0.1',
  }
  await writeFile(
    file,
    Object.entries(all)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  )
  const output: string[] = []
  const child = spawn('java', [...JVM, '-Xmx512m', '-cp', classPath, `org.apache.kafka.connect.cli.${program}`, file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: folder,
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output.push(text)
      if (output.length > 500) output.shift()
    })
  }
  child.on('error', (error) => output.push(String(error)))
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    await ended(child, signal)
    await rm(folder, { recursive: true, force: true })
  }
  const worker: JvmWorker = {
    url: `http://${id}`,
    id,
    output: () => output.join(''),
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
  try {
    await untilHealthy(worker.url, child)
  } catch (error) {
    await worker.kill()
    throw new Error(`${(error as Error).message}\n${output.slice(-60).join('')}`, { cause: error })
  }
  return worker
}

async function untilHealthy(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS
  for (;;) {
    if (child.exitCode !== null) throw new Error(`The worker ended with code ${child.exitCode}`)
    const status = await fetch(`${url}/health`).then(
      async (response) => {
        await response.body?.cancel()
        return response.status
      },
      () => 0,
    )
    if (status === 200) return
    if (Date.now() > deadline) throw new Error(`The worker is not ready after ${START_TIMEOUT_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}
