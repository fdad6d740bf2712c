import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { pause } from '../../../src/base/deadline.ts'
import { kafkaLibs, kafkaLibsReason } from '../../support/kafka-libs.ts'

const run = promisify(execFile)

export interface ApacheKafka {
  bootstrap: string
  close(): Promise<void>
}

/** Why Apache Kafka cannot run here, or false when it can; for `skip`. */
export async function kafkaUnavailable(): Promise<string | false> {
  return (await kafkaLibs()) === null ? kafkaLibsReason() : false
}

/** One combined broker and controller on a free port, with data in a temporary folder that `close` removes. */
export async function startApacheKafka(properties: Record<string, string> = {}): Promise<ApacheKafka> {
  const libs = await kafkaLibs()
  if (libs === null) throw new Error(kafkaLibsReason())
  const folder = await mkdtemp(join(tmpdir(), 'millrace-kafka-'))
  const [port, controllerPort] = [await freePort(), await freePort()]
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(folder, 'data'),
    'num.partitions': '1',
    'offsets.topic.num.partitions': '1',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    ...properties,
  }
  const file = join(folder, 'server.properties')
  await writeFile(
    file,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  )
  const java = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp', libs]
  const id = Buffer.from('millrace-test-id').toString('base64url')
  await run('java', [...java, 'kafka.tools.StorageTool', 'format', '-t', id, '-c', file])
  const server = spawn('java', [...java, 'kafka.Kafka', file], { stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    await started(server, port)
  } catch (error) {
    server.kill('SIGKILL')
    throw error
  }
  return {
    bootstrap: `127.0.0.1:${port}`,
    async close() {
      const gone = once(server, 'exit')
      server.kill('SIGKILL')
      await gone
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Its log is silent without a configuration of the logger, so the open port is the sign. */
async function started(server: ChildProcess, port: number): Promise<void> {
  const tail: string[] = []
  for (const stream of [server.stdout, server.stderr]) {
    if (stream === null) continue
    createInterface(stream).on('line', (line) => {
      tail.push(line)
      if (tail.length > 40) tail.shift()
    })
  }
  const deadline = Date.now() + 60000
  while (!(await accepts(port))) {
    if (server.exitCode !== null) throw new Error(`Apache Kafka ended with ${server.exitCode}:\n${tail.join('\n')}`)
    if (Date.now() > deadline) throw new Error(`Apache Kafka did not start in time:\n${tail.join('\n')}`)
    await pause(100)
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
