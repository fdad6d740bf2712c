import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConnectRest } from '../../bench/rig/connect-rest.ts'
import { startMillrace } from '../../bench/rig/millrace-process.ts'
import { connectLibs } from './kafka-libs.ts'
import { startJvmWorker } from './jvm-worker.ts'
import { freePort } from './free-port.ts'

/** A worker process of either kind. */
export interface FleetWorker {
  readonly kind: 'millrace' | 'jvm'
  /** `host:port`, as statuses have it. */
  readonly id: string
  readonly rest: ConnectRest
  /** What it logged last. */
  output(): string
  /** SIGTERM, and waits for its end. */
  stop(): Promise<void>
  kill(): Promise<void>
}

/** Starts workers of both kinds with the same properties, and ends those that are left. */
export class ConnectFleet {
  readonly #props: Readonly<Record<string, string>>
  readonly #workers = new Set<FleetWorker>()
  readonly #folders: string[] = []

  /** @param props of every worker, but for its listener */
  constructor(props: Readonly<Record<string, string>>) {
    this.#props = props
  }

  async start(kind: FleetWorker['kind']): Promise<FleetWorker> {
    const worker = kind === 'jvm' ? await this.#jvm() : await this.#millrace()
    this.#workers.add(worker)
    return worker
  }

  async #millrace(): Promise<FleetWorker> {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-fleet-'))
    this.#folders.push(folder)
    const id = `127.0.0.1:${await freePort()}`
    const restUrl = `http://${id}`
    const overrides = { ...this.#props, listeners: restUrl, 'rest.advertised.host.name': '127.0.0.1' }
    const started = await startMillrace({ command: 'worker', restUrl, cwd: folder, overrides })
    return {
      kind: 'millrace',
      id,
      rest: new ConnectRest(restUrl),
      output: () => started.output(),
      stop: () => started.stop(),
      kill: () => started.kill(),
    }
  }

  async #jvm(): Promise<FleetWorker> {
    const libs = await connectLibs()
    if (libs === null) throw new Error('a JVM worker cannot be started here')
    const started = await startJvmWorker(libs, this.#props)
    return { kind: 'jvm', rest: new ConnectRest(started.url), ...started }
  }

  /** Kills what still runs and removes what it left. */
  async end(): Promise<void> {
    await Promise.all([...this.#workers].map((worker) => worker.kill()))
    for (const folder of this.#folders) await rm(folder, { recursive: true, force: true })
  }
}

/** Properties of a worker for tests with JVM workers: short times, JSON without schemas. */
export function fleetProps(bootstrap: string, given: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    'bootstrap.servers': bootstrap,
    'group.id': 'fleet',
    'config.storage.topic': 'fleet-configs',
    'offset.storage.topic': 'fleet-offsets',
    'status.storage.topic': 'fleet-status',
    'config.storage.replication.factor': '1',
    'offset.storage.replication.factor': '1',
    'status.storage.replication.factor': '1',
    'offset.storage.partitions': '4',
    'status.storage.partitions': '2',
    'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'key.converter.schemas.enable': 'false',
    'value.converter.schemas.enable': 'false',
    'session.timeout.ms': '3000',
    'heartbeat.interval.ms': '500',
    'rebalance.timeout.ms': '20000',
    'scheduled.rebalance.max.delay.ms': '0',
    'offset.flush.interval.ms': '500',
    'task.shutdown.graceful.timeout.ms': '5000',
    ...given,
  }
}
