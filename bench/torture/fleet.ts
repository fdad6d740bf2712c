import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../../test/support/free-port.ts'
import { ConnectRest } from '../rig/connect-rest.ts'
import { type SpawnedMillrace, spawnMillrace } from '../rig/millrace-process.ts'

/** Which processes do the work: all in one, broker and worker, or a broker and two workers. */
export type Layout = 'single' | 'split' | 'pair'

export const layouts: readonly Layout[] = ['single', 'split', 'pair']

type Command = 'start' | 'broker' | 'worker'

const commandsOf: Readonly<Record<Layout, readonly (readonly [name: string, command: Command])[]>> = {
  single: [['millrace', 'start']],
  split: [
    ['broker', 'broker'],
    ['worker', 'worker'],
  ],
  pair: [
    ['broker', 'broker'],
    ['worker-1', 'worker'],
    ['worker-2', 'worker'],
  ],
}

/** How long a dead member holds up its group; short, so that a round is. */
const SESSION_TIMEOUT_MS = '2000'
const HEARTBEAT_INTERVAL_MS = '200'
const READY_TIMEOUT_MS = 60_000

const brokerSettings: Readonly<Record<string, string>> = {
  'group.min.session.timeout.ms': '500',
  'group.initial.rebalance.delay.ms': '0',
  'offsets.topic.num.partitions': '4',
}

/** Many small segments, compacted all the time. */
const smallSegments: Readonly<Record<string, string>> = {
  'log.roll.ms': '200',
  'log.segment.bytes': '1048576',
  'log.cleaner.backoff.ms': '100',
  'log.cleaner.min.cleanable.ratio': '0.01',
}

export interface FleetOptions {
  /** The worker's, on top of short session timeouts. */
  readonly workerSettings?: Readonly<Record<string, string>>
  /** The broker rolls its segments and compacts them all the time. */
  readonly hasSmallSegments?: boolean
  /** host:port of a broker for the workers, which is never killed. */
  readonly brokerElsewhere?: string | undefined
}

const workerSettings: Readonly<Record<string, string>> = {
  'session.timeout.ms': SESSION_TIMEOUT_MS,
  'heartbeat.interval.ms': HEARTBEAT_INTERVAL_MS,
  'rebalance.timeout.ms': '10000',
  'scheduled.rebalance.max.delay.ms': '300',
  'offset.storage.partitions': '4',
  'status.storage.partitions': '2',
  'consumer.session.timeout.ms': SESSION_TIMEOUT_MS,
  'consumer.heartbeat.interval.ms': HEARTBEAT_INTERVAL_MS,
}

interface Member {
  readonly name: string
  readonly command: Command
  readonly restPort: number
  process: SpawnedMillrace | null
}

/** The processes of a round, which can be killed and started again on the same ports and data. */
export class Fleet {
  readonly bootstrapServer: string
  readonly #members: readonly Member[]
  readonly #folder: string
  readonly #options: FleetOptions
  #failed: Error | null = null

  private constructor(folder: string, bootstrapServer: string, members: readonly Member[], options: FleetOptions) {
    this.#folder = folder
    this.bootstrapServer = bootstrapServer
    this.#members = members
    this.#options = options
  }

  /** Nothing is started yet. `folder` is for the broker's data and the logs of all processes. */
  static async of(layout: Layout, folder: string, options: FleetOptions = {}): Promise<Fleet> {
    const members: Member[] = []
    for (const [name, command] of commandsOf[layout]) {
      if (options.brokerElsewhere !== undefined && command !== 'worker') continue
      members.push({ name, command, restPort: await freePort(), process: null })
    }
    return new Fleet(folder, options.brokerElsewhere ?? `127.0.0.1:${await freePort()}`, members, options)
  }

  get names(): string[] {
    return this.#members.map(({ name }) => name)
  }

  /** Processes with tasks in them. */
  get workers(): string[] {
    return this.#members.filter(({ command }) => command !== 'broker').map(({ name }) => name)
  }

  pid(name: string): number {
    return this.#member(name).process?.pid ?? -1
  }

  /** REST of a worker; by default of the first one. */
  rest(name = this.workers[0] ?? ''): ConnectRest {
    return new ConnectRest(restUrl(this.#member(name)))
  }

  /** Starts processes without waiting for anything. */
  spawn(names: readonly string[] = this.names): void {
    for (const name of names) {
      const member = this.#member(name)
      const spawned = spawnMillrace({
        command: member.command,
        overrides: this.#overrides(member),
        restUrl: restUrl(member),
        onOutput: (text) => appendFileSync(join(this.#folder, `${name}.log`), text),
      })
      member.process = spawned
      void spawned.exited.then((code) => {
        if (member.process === spawned)
          this.#failed ??= new Error(`${name} ended by itself with code ${code}:\n${spawned.output()}`)
      })
    }
  }

  /** Waits until the processes are ready, all of them unless told otherwise. Rejects if one ends by itself. */
  async ready(names: readonly string[] = this.names): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${names.join(', ')}: not ready within ${READY_TIMEOUT_MS} ms`)),
        READY_TIMEOUT_MS,
      )
    })
    try {
      await Promise.race([late, Promise.all(names.map(async (name) => this.#member(name).process?.ready))])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends processes at once, all at the same moment, as a power cut would. */
  async kill(names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => this.#end(name, (running) => running.kill())))
  }

  /** Asks processes to stop, workers first, and waits until they have. Gives their exit codes. */
  async stop(names: readonly string[] = this.names): Promise<(number | null)[]> {
    const members = names.map((name) => this.#member(name))
    const codes: (number | null)[] = []
    for (const part of [members.filter(({ command }) => command !== 'broker'), members]) {
      await Promise.all(
        part.map(({ name }) =>
          this.#end(name, async (running) => {
            await running.stop()
            codes.push(await running.exited)
          }),
        ),
      )
    }
    return codes
  }

  /** Throws if a process has ended that nobody ended. */
  assertAlive(): void {
    if (this.#failed !== null) throw this.#failed
  }

  async #end(name: string, how: (running: SpawnedMillrace) => Promise<void>): Promise<void> {
    const member = this.#member(name)
    const running = member.process
    member.process = null
    if (running !== null) await how(running)
  }

  #member(name: string): Member {
    const member = this.#members.find((candidate) => candidate.name === name)
    if (member === undefined) throw new Error(`there is no process ${name}`)
    return member
  }

  #overrides(member: Member): Record<string, string> {
    const broker = {
      listeners: `PLAINTEXT://${this.bootstrapServer}`,
      'log.dirs': join(this.#folder, 'broker'),
      ...brokerSettings,
      ...(this.#options.hasSmallSegments === true ? smallSegments : {}),
    }
    if (member.command === 'broker') return broker
    const worker = { listeners: restUrl(member), ...workerSettings, ...this.#options.workerSettings }
    if (member.command === 'worker') return { 'bootstrap.servers': this.bootstrapServer, ...worker }
    return { ...Object.fromEntries(Object.entries(broker).map(([key, value]) => [`broker.${key}`, value])), ...worker }
  }
}

function restUrl({ restPort }: Member): string {
  return `http://127.0.0.1:${restPort}`
}
