import type { GroupHandler } from '../group/membership.ts'
import type { KafkaLogFactory } from '../stores/kafka-log.ts'
import { logNotices } from '../worker-config/notices.ts'
import { createWorkerOf, type Worker, type WorkerClients, type WorkerMode, type WorkerOptions } from '../worker.ts'
import { FileOffsetStore } from './file-offset-store.ts'
import { MemoryLog } from './memory-log.ts'
import { OffsetFile } from './offset-file.ts'
import { OffsetFileLog } from './offset-file-log.ts'
import { SoleMember } from './sole-member.ts'
import { standaloneConfig } from './standalone-config.ts'

/**
 * A worker that is no part of a cluster, as Kafka Connect's standalone mode: connectors and statuses live in memory,
 * source offsets in `offset.storage.file.filename`. Throws `WorkerConfigError` for wrong properties.
 */
export function createStandaloneWorker(props: Readonly<Record<string, string>>, options: WorkerOptions): Worker {
  const { config, offsetFile } = standaloneConfig(props)
  logNotices(props, 'standalone', options.logger)
  return createWorkerOf(config, options, (clients) => new StandaloneMode(offsetFile, clients))
}

class StandaloneMode implements WorkerMode {
  readonly openLog: KafkaLogFactory
  readonly offsets: FileOffsetStore
  readonly hasPeers = false
  readonly #file: OffsetFile
  readonly #clients: WorkerClients

  constructor(offsetFile: string, clients: WorkerClients) {
    this.#file = new OffsetFile(offsetFile)
    this.#clients = clients
    this.offsets = new FileOffsetStore(this.#file)
    this.openLog = (_topic, use, listener) =>
      use === 'offsets' ? new OffsetFileLog(this.#file, listener) : new MemoryLog(listener)
  }

  async prepare(): Promise<void> {
    await this.#file.load()
    // Connectors need the brokers: better to say now that there are none.
    await this.#clients.cluster.clusterId()
  }

  join(handler: GroupHandler): SoleMember {
    return new SoleMember(handler, this.#clients.onFatal)
  }
}
