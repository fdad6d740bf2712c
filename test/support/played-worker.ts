import {
  type Assignment,
  decodeMetadata,
  encodeAssignment,
  encodeMetadata,
  protocolVersion,
} from '../../src/runtime/group/codec.ts'
import type { GroupHandler, GroupMembership } from '../../src/runtime/group/membership.ts'
import { NO_WORK, type Work } from '../../src/runtime/group/work.ts'
import { type ConfigRecord, encodeConfigRecord, type Properties } from '../../src/runtime/stores/config-records.ts'
import type { ConnectorTaskId, TargetState } from '../../src/runtime/task-runner.ts'
import { type ConnectProtocol, workerConfig } from '../../src/runtime/worker-config.ts'
import { createWorkerOf, type Worker } from '../../src/runtime/worker.ts'
import { testWorkerProps } from './connect-worker.ts'
import { FakeTaskRunner } from './fake-task-runner.ts'
import { RecordedLog } from './recorded-log.ts'
import { type LoggedLine, recordingPino } from './recording-pino.ts'
import { eventually } from './task-runner.ts'

export const ownUrl = 'http://me:8083/'
export const leaderUrl = 'http://leader:8083/'

/** The newest protocol that each `connect.protocol` offers. */
const protocolNames = { sessioned: 'sessioned', compatible: 'compatible', eager: 'default' } as const

/** Another worker of the group: where it is and what it runs. */
export interface OtherWorker {
  readonly url: string
  readonly work: Work
}

/** A topic in memory, parts of which the worker may not have read yet. */
export class PlayedTopic extends RecordedLog {
  /** What others wrote, and the worker reads with its next read to the end. */
  readonly unread: ConfigRecord[] = []
  /** What reading to the end rejects with, if anything. */
  readFailure: Error | null = null
  reads = 0
  isStopped = false

  override async readToEnd(): Promise<void> {
    this.reads++
    if (this.readFailure !== null) throw this.readFailure
    for (const record of this.unread.splice(0)) this.give(record)
  }

  override async stop(): Promise<void> {
    this.isStopped = true
  }

  /** As if another worker had written it, and it has been read. */
  give(record: ConfigRecord): void {
    const { key, value } = encodeConfigRecord(record)
    this.foreign(key, value === null ? null : Buffer.from(value).toString())
  }

  /** The records of the connector and of `tasks` tasks of it. */
  giveConnector(connector: string, properties: Properties = source(), tasks = 0): void {
    this.give({ type: 'connector', connector, properties })
    if (tasks > 0) this.giveTasks(connector, tasks)
  }

  giveTasks(connector: string, tasks: number, properties: Properties = { topic: 'out' }): void {
    for (let task = 0; task < tasks; task++)
      this.give({ type: 'task', id: { connector, task }, properties: taskProperties(properties, task) })
    this.give({ type: 'commit', connector, tasks })
  }

  giveTargetState(connector: string, state: TargetState): void {
    this.give({ type: 'target-state', connector, state })
  }

  /** Keys of what the worker wrote. */
  keys(): string[] {
    return this.written.map(([key]) => key)
  }
}

/** Says as well when it is asked for task configurations, and when it is stopped. */
class PlayedRunner extends FakeTaskRunner {
  override async taskConfigs(name: string, maxTasks: number): Promise<Record<string, string>[]> {
    this.calls.push(`taskConfigs ${name}`)
    return super.taskConfigs(name, maxTasks)
  }

  override async stop(): Promise<void> {
    this.calls.push('stop')
    await super.stop()
  }
}

/** As the fake runner's connectors configure their tasks. */
export function taskProperties(properties: Properties = { topic: 'out' }, number = 0): Properties {
  return { 'task.class': 'fake.FakeSourceTask', ...properties, part: String(number) }
}

/** A connector of the fake runner. */
export function source(given: Record<string, string> = {}): Record<string, string> {
  return { 'connector.class': 'FakeSource', 'tasks.max': '1', topic: 'out', ...given }
}

export function task(connector: string, number = 0): ConnectorTaskId {
  return { connector, task: number }
}

export interface PlayedWorkerOptions {
  readonly protocol?: ConnectProtocol
  readonly props?: Record<string, string>
  /** What stands in the configuration topic at the start. */
  readonly before?: (configs: PlayedTopic) => void
  /** Rounds that the worker asks for are played at once, with it as the only member. */
  readonly alone?: boolean
}

/** A worker with a fake runner whose internal topics are in memory and whose group is played by the test. */
export class PlayedWorker {
  readonly worker: Worker
  readonly protocol: string
  readonly lines: LoggedLine[]
  readonly rejoins: string[] = []
  /** Why it left the group for a while. */
  readonly leaves: string[] = []
  hasLeft = false
  runner!: FakeTaskRunner
  configs!: PlayedTopic
  statuses!: PlayedTopic
  /** Of sources; opened when they are first looked at. */
  offsets: PlayedTopic | null = null
  #handler!: GroupHandler
  #generation = 0
  #hasAssignment = false
  #rounds: Promise<void> = Promise.resolve()
  readonly #isAlone: boolean

  private constructor(options: PlayedWorkerOptions) {
    const { protocol = 'sessioned', props = {} } = options
    this.protocol = protocolNames[protocol]
    this.#isAlone = options.alone ?? false
    const { logger, lines } = recordingPino()
    this.lines = lines
    const config = workerConfig(testWorkerProps('127.0.0.1:1', { 'connect.protocol': protocol, ...props }))
    this.worker = createWorkerOf(
      config,
      {
        logger,
        version: '1',
        commit: 'none',
        makeRunner: (_config, listener) => (this.runner = new PlayedRunner(listener)),
      },
      () => ({
        openLog: (_topic, use, listener) => {
          const log = new PlayedTopic(listener, [])
          if (use === 'configs') this.configs = log
          if (use === 'statuses') this.statuses = log
          if (use === 'offsets') this.offsets = log
          return log
        },
        prepare: async () => options.before?.(this.configs),
        join: (handler) => this.#join(handler),
        hasPeers: true,
        offsets: null,
      }),
    )
  }

  static async start(options: PlayedWorkerOptions = {}): Promise<PlayedWorker> {
    const played = new PlayedWorker(options)
    await played.worker.start(ownUrl)
    if (played.#isAlone) await played.lead()
    return played
  }

  get herder(): Worker['herder'] {
    return this.worker.herder
  }

  async stop(): Promise<void> {
    await this.worker.stop()
  }

  /** The coordinator takes this for a member no more; it has answered until now. */
  async lose(): Promise<void> {
    this.#hasAssignment = false
    await this.#handler.onLost({ isRemoval: true, silentMs: 0 })
  }

  /** The group assigns to this member, a follower, once it has joined and `answered` resolves. */
  async follow(assignment: Partial<Assignment> = {}, answered: Promise<void> | null = null): Promise<void> {
    await this.#round('leader', async () => {
      if (answered !== null) await answered
      return this.#encode({ leaderUrl, ...assignment })
    })
  }

  /** The group has this member for its leader, and it is told just this. */
  async leadWith(assignment: Partial<Assignment>): Promise<void> {
    await this.#round('me', () => this.#encode({ leaderUrl: ownUrl, leaderId: 'me', ...assignment }))
  }

  /** This member is the leader, and assigns to itself and to `others`. */
  async lead(...others: OtherWorker[]): Promise<void> {
    await this.#round('me', async (metadata) => {
      const version = protocolVersion(this.protocol)
      const { configOffset } = decodeMetadata(metadata)
      const members = others.map(({ url, work }) => ({
        memberId: url,
        metadata: encodeMetadata({ url, configOffset, work }, version, { id: 'me', url: ownUrl }),
      }))
      const assignments = await this.#handler.assign(this.protocol, 'me', [{ memberId: 'me', metadata }, ...members])
      return assignments.get('me') as Uint8Array
    })
  }

  /** Waits until the runner was asked for exactly these calls since the last look. */
  async untilCalls(...calls: string[]): Promise<void> {
    const text = calls.toSorted().join(', ')
    const made = (): string => this.runner.calls.toSorted().join(', ')
    await eventually(() => made() === text, text, 5_000).catch((error: Error) => {
      throw new Error(`${error.message}; it was: ${made()}`)
    })
    this.runner.calls.length = 0
  }

  /** Lets everything come to an end that waits for nothing outside: what was to happen has happened then. */
  async settle(): Promise<void> {
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
    await this.#rounds
  }

  logged(text: string): LoggedLine | undefined {
    return this.lines.find(({ msg }) => msg.includes(text))
  }

  /** The worker's metrics of rebalances, by attribute. */
  async rebalanceMetrics(): Promise<Readonly<Record<string, number | string>>> {
    const groups = await this.worker.metrics.collect()
    return groups.find(({ type }) => type === 'connect-worker-rebalance-metrics')?.values ?? {}
  }

  #encode(assignment: Partial<Assignment>): Uint8Array {
    const all: Assignment = {
      error: 'none',
      leaderId: 'leader',
      leaderUrl,
      configOffset: this.configOffset(),
      assigned: NO_WORK,
      revoked: NO_WORK,
      delayMs: 0,
      ...assignment,
    }
    return encodeAssignment(all, protocolVersion(this.protocol))
  }

  /** Up to where it has read, as it says when it joins. */
  configOffset(): number {
    return decodeMetadata(this.#metadata()).configOffset
  }

  /** What it says to run when it joins. */
  claimed(): Work {
    return decodeMetadata(this.#metadata()).work
  }

  #metadata(): Uint8Array {
    return this.#handler.protocols()[0]?.metadata as Uint8Array
  }

  #round(leaderId: string, assign: (metadata: Uint8Array) => Uint8Array | Promise<Uint8Array>): Promise<void> {
    const round = this.#rounds.then(async () => {
      if (this.#hasAssignment) await this.#handler.onRevoke()
      const assignment = await assign(this.#metadata())
      this.#hasAssignment = true
      await this.#handler.onAssigned(this.protocol, ++this.#generation, 'me', leaderId, assignment)
    })
    this.#rounds = round.catch(() => undefined)
    return round
  }

  #join(handler: GroupHandler): GroupMembership {
    this.#handler = handler
    return {
      start: () => undefined,
      requestRejoin: (reason = '') => {
        this.rejoins.push(reason)
        if (this.#isAlone && !this.hasLeft) void this.lead()
      },
      leave: async () => {
        this.hasLeft = true
      },
      leaveUntil: async (ready, reason) => {
        this.leaves.push(reason)
        await ready
        this.rejoins.push(reason)
      },
    }
  }
}
