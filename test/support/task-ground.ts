import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '../../src/base/logger.ts'
import { Admin, type Cluster, createCluster, Producer } from '../../src/client/index.ts'
import { TaskHost } from '../../src/runtime/threads/task-host.ts'
import { startTestBroker, type TestBroker } from './broker.ts'
import { RecordingListener, testWorkerConfig } from './task-runner.ts'

export interface HostedTasks {
  readonly host: TaskHost
  readonly listener: RecordingListener
}

/** What tests of whole tasks stand on: a broker with clients, a folder, and hosts that run tasks in this thread. */
export class TaskGround {
  readonly broker: TestBroker
  readonly cluster: Cluster
  readonly producer: Producer
  readonly admin: Admin
  readonly folder: string
  readonly #hosts: TaskHost[] = []

  private constructor(broker: TestBroker, folder: string) {
    this.broker = broker
    this.cluster = createCluster({ bootstrapServers: [broker.bootstrap] })
    this.producer = new Producer(this.cluster)
    this.admin = new Admin(this.cluster)
    this.folder = folder
  }

  static async open(): Promise<TaskGround> {
    return new TaskGround(await startTestBroker(), await mkdtemp(join(tmpdir(), 'millrace-tasks-')))
  }

  async close(): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.close()))
    await this.producer.close()
    await this.cluster.close()
    await this.broker.close()
    await rm(this.folder, { recursive: true, force: true })
  }

  /** A host with the worker's properties `given`. It is closed with the ground, if the test does not come to it. */
  host(given: Record<string, string> = {}): HostedTasks {
    const listener = new RecordingListener()
    const config = testWorkerConfig(this.broker.bootstrap, given)
    const host = new TaskHost({ config, listener, logger: silentLogger })
    this.#hosts.push(host)
    return { host, listener }
  }

  async isCommitted(group: string, offset: number): Promise<boolean> {
    return (await this.admin.listGroupOffsets(group)).some((position) => position.offset === offset)
  }
}

/** What plugins for tests have written so far, a JSON document a line. */
export function jsonLines<T>(file: string): T[] {
  if (!existsSync(file)) return []
  // Plugins may write in other threads: what stands behind the last line end is half a line.
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => JSON.parse(line) as T)
}
