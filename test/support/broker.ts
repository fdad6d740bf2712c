import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { withDeadline } from '../../src/base/deadline.ts'
import { silentLogger } from '../../src/base/logger.ts'
import { type Broker, startBroker } from '../../src/broker/index.ts'
import { freePort } from './free-port.ts'

/** A broker for tests: on a free port of the loopback address, with its data in a temporary folder. */
export interface TestBroker {
  /** `127.0.0.1:port`, also after a restart. */
  readonly bootstrap: string
  readonly port: number
  readonly dataFolder: string
  readonly clusterId: string
  /** Stops it until a restart. */
  shutDown(): Promise<void>
  /** Stops the broker and starts it again on the same port and data. */
  restart(): Promise<void>
  /** Stops the broker and removes its data. */
  close(): Promise<void>
}

/** A broker in a process of its own, which can be killed. */
export interface ChildBroker extends TestBroker {
  readonly pid: number
  /** Ends the process without warning; `restart` brings it back on the same port and data. */
  kill9(): Promise<void>
}

const testDefaults: Readonly<Record<string, string>> = {
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '10',
}

function properties(folder: string, port: number, given: Readonly<Record<string, string>>): Record<string, string> {
  return { ...testDefaults, 'log.dirs': folder, listeners: `PLAINTEXT://127.0.0.1:${port}`, ...given }
}

/**
 * Starts a broker in this process. Groups rebalance without the initial delay, and short session timeouts are allowed;
 * `given` overrides any setting. Nothing is logged.
 */
export async function startTestBroker(given: Readonly<Record<string, string>> = {}): Promise<TestBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-broker-'))
  // Not 0: such a port may be given to another while the broker is down.
  let broker: Broker | null = await startBroker(properties(folder, await freePort(), given), silentLogger)
  const port = broker.listeners[0]?.port ?? 0
  const stop = async (): Promise<void> => {
    const running = broker
    broker = null
    await running?.close()
  }
  return {
    bootstrap: `127.0.0.1:${port}`,
    port,
    dataFolder: folder,
    clusterId: broker.clusterId,
    shutDown: stop,
    async restart() {
      await stop()
      broker = await startBroker(properties(folder, port, given), silentLogger)
    },
    async close() {
      await stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const START_TIMEOUT_MS = 20000
const main = fileURLToPath(new URL('./broker-process.ts', import.meta.url))

interface Running {
  readonly child: ChildProcess
  readonly port: number
  readonly clusterId: string
}

async function spawnBroker(settings: Record<string, string>): Promise<Running> {
  const child = spawn(process.execPath, [main, JSON.stringify(settings)], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  const started = once(lines, 'line').then(
    ([line]) => JSON.parse(line as string) as { port: number; clusterId: string },
  )
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`The broker process ended with ${String(code)} before it was ready`)
  })
  ended.catch(() => undefined)
  const ready = await withDeadline(Promise.race([started, ended]), START_TIMEOUT_MS, 'Starting a broker process')
  return { child, ...ready }
}

/** Starts a broker in a process of its own; else as {@link startTestBroker}. It ends when this process does. */
export async function startChildBroker(given: Readonly<Record<string, string>> = {}): Promise<ChildBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-broker-'))
  let running = await spawnBroker(properties(folder, await freePort(), given))
  const { port, clusterId } = running
  const stop = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    const { child } = running
    if (child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill(signal)
    await exit
  }
  return {
    bootstrap: `127.0.0.1:${port}`,
    port,
    dataFolder: folder,
    clusterId,
    get pid() {
      return running.child.pid ?? -1
    },
    kill9: () => stop('SIGKILL'),
    shutDown: () => stop('SIGTERM'),
    async restart() {
      await stop('SIGTERM')
      running = await spawnBroker(properties(folder, port, given))
    },
    async close() {
      await stop('SIGTERM')
      await rm(folder, { recursive: true, force: true })
    },
  }
}
