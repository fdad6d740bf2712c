import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Kafka, logLevel } from 'kafkajs'
import { freePort } from './free-port.ts'

const run = promisify(execFile)
const START_TIMEOUT_MS = 90_000
/** Small and quick to start, as these programs live for seconds; and the byte code of a release needs no verifying. */
export const JVM = [
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-Xshare:auto',
  '-XX:+UnlockDiagnosticVMOptions',
  '-XX:-BytecodeVerificationRemote',
]

/** A real Apache Kafka, one node, on a free port of the loopback. */
export interface ApacheKafka {
  readonly bootstrap: string
  stop(): Promise<void>
}

/** Starts Apache Kafka in KRaft mode from the class path that `kafkaLibs` gives. Rejects with what it printed. */
export async function startApacheKafka(classPath: string): Promise<ApacheKafka> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-apache-kafka-'))
  const port = await freePort()
  const controllerPort = await freePort()
  const file = join(folder, 'server.properties')
  await writeFile(file, serverProperties(folder, port, controllerPort))
  const output: string[] = []
  const child = await startBroker(classPath, file, output).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true })
    throw error
  })
  const stop = async (): Promise<void> => {
    await ended(child, 'SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }
  const bootstrap = `127.0.0.1:${port}`
  try {
    await untilAnswering(bootstrap, child)
  } catch (error) {
    await stop()
    throw new Error(`${(error as Error).message}\n${output.slice(-40).join('')}`, { cause: error })
  }
  return { bootstrap, stop }
}

async function startBroker(classPath: string, file: string, output: string[]): Promise<ChildProcess> {
  const format = ['format', '--standalone', '--cluster-id', 'MillraceCompatTest0000', '--config', file]
  await run('java', [...JVM, '-Xmx256m', '-cp', classPath, 'kafka.tools.StorageTool', ...format])
  const child = spawn('java', [...JVM, '-Xmx512m', '-cp', classPath, 'kafka.Kafka', file], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => output.push(text))
  }
  child.on('error', (error) => output.push(String(error)))
  return child
}

async function untilAnswering(bootstrap: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS
  for (;;) {
    if (child.exitCode !== null) throw new Error(`Apache Kafka ended with code ${child.exitCode}`)
    const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING, retry: { retries: 0 } })
    const admin = kafka.admin()
    try {
      await admin.connect()
      const { brokers } = await admin.describeCluster()
      if (brokers.length === 1) return
    } catch {
      // Not yet.
    } finally {
      await admin.disconnect()
    }
    if (Date.now() > deadline) throw new Error(`Apache Kafka does not answer after ${START_TIMEOUT_MS} ms`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

export async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await exit
}

function serverProperties(folder: string, port: number, controllerPort: number): string {
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.bootstrap.servers=127.0.0.1:${controllerPort}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'controller.listener.names=CONTROLLER',
    'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    `log.dirs=${join(folder, 'data')}`,
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=2',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'group.initial.rebalance.delay.ms=0',
    'group.min.session.timeout.ms=500',
    '',
  ].join('\n')
}
