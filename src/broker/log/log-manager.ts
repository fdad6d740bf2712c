import { readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '../../base/logger.ts'
import {
  CLEANER_FILE,
  HIGH_WATERMARK_FILE,
  LOG_START_FILE,
  partitionName,
  readOffsets,
  RECOVERY_POINT_FILE,
  writeOffsets,
} from './checkpoints.ts'
import { type DirLock, lockDir } from './dir-lock.ts'
import {
  makeDir,
  randomId,
  readDirMetadata,
  readTopicId,
  takeCleanShutdown,
  writeCleanShutdown,
  writeDirMetadata,
  writeTopicId,
} from './dir-metadata.ts'
import { StorageError } from './errors.ts'
import { syncFolder } from './files.ts'
import type { LogConfig } from './log-config.ts'
import { PartitionLog } from './partition-log.ts'

export interface LogManagerOptions {
  /** `log.dirs`; made if missing. */
  logDirs: readonly string[]
  /** For topics that `configOf` does not know. */
  defaults: LogConfig
  /** The topic's settings when its logs are opened; default `defaults`. */
  configOf?: (topic: string) => LogConfig
  logger: Logger
  /** Milliseconds since the epoch, default `Date.now`. */
  now?: () => number
  /** For new data folders, default a random id; checked against that of existing ones if given. */
  clusterId?: string
  /** Default: that of the folders, 0 for new ones. */
  nodeId?: number
  /** `log.retention.check.interval.ms`, default 300000. */
  retentionCheckIntervalMs?: number
  /** `log.flush.offset.checkpoint.interval.ms`, default 60000. */
  checkpointIntervalMs?: number
  /** `producer.id.expiration.ms`, default one day. */
  producerIdExpirationMs?: number
  /** `producer.id.expiration.check.interval.ms`, default 600000. */
  producerIdExpirationCheckIntervalMs?: number
}

/** A topic's logs; `partitions[i]` is partition i. */
export interface TopicLogs {
  readonly topic: string
  /** 22 characters of base64url. */
  readonly topicId: string
  readonly partitions: readonly PartitionLog[]
}

interface LogDir {
  readonly folder: string
  readonly lock: DirLock
  wasClean: boolean
  /** Partition logs by `partitionName`. */
  readonly logs: Map<string, PartitionLog>
  cleanerOffsets: Map<string, number>
}

interface Topic {
  topicId: string
  partitions: PartitionLog[]
}

const MAX_PARALLEL_LOADS = 8

/** All partitions on this node's data folders. */
export class LogManager {
  readonly clusterId: string
  readonly nodeId: number
  readonly #options: LogManagerOptions
  readonly #dirs: readonly LogDir[]
  readonly #topics = new Map<string, Topic>()
  readonly #timers: NodeJS.Timeout[] = []
  readonly #removals = new Map<string, NodeJS.Timeout>()
  #checkpointing: Promise<void> = Promise.resolve()
  #isClosed = false

  private constructor(options: LogManagerOptions, dirs: readonly LogDir[], clusterId: string, nodeId: number) {
    this.#options = options
    this.#dirs = dirs
    this.clusterId = clusterId
    this.nodeId = nodeId
  }

  /**
   * Locks the data folders and opens every partition in them; after a crash the logs are checked and repaired.
   * @throws StorageError when a folder cannot be written, is in use, or belongs to another node or cluster
   */
  static async open(options: LogManagerOptions): Promise<LogManager> {
    const dirs: LogDir[] = []
    try {
      for (const folder of options.logDirs) {
        await makeDir(folder)
        dirs.push({ folder, lock: lockDir(folder), wasClean: false, logs: new Map(), cleanerOffsets: new Map() })
      }
      const { clusterId, nodeId } = await identify(options)
      const manager = new LogManager(options, dirs, clusterId, nodeId)
      for (const dir of dirs) await manager.#loadDir(dir)
      await manager.#fillGaps()
      manager.#startTimers()
      return manager
    } catch (error) {
      for (const { lock, logs } of dirs) {
        for (const log of logs.values()) await log.abandon()
        lock.release()
      }
      throw error
    }
  }

  async #loadDir(dir: LogDir): Promise<void> {
    const { folder } = dir
    dir.wasClean = await takeCleanShutdown(folder)
    const recoveryPoints = await readOffsets(folder, RECOVERY_POINT_FILE)
    const startOffsets = await readOffsets(folder, LOG_START_FILE)
    dir.cleanerOffsets = await readOffsets(folder, CLEANER_FILE)
    const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory())
    const queue = names.map(({ name }) => name)
    const loadNext = async (): Promise<void> => {
      for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
        const partition = parsePartitionName(name)
        if (partition !== null) {
          await this.#loadPartition(dir, partition, {
            recoveryPoint: recoveryPoints.get(name) ?? 0,
            logStartOffset: startOffsets.get(name) ?? 0,
          })
        } else if (name.endsWith('-delete')) {
          await rm(join(folder, name), { recursive: true, force: true })
        }
      }
    }
    await Promise.all(Array.from({ length: MAX_PARALLEL_LOADS }, loadNext))
  }

  /** A crash while a topic was made may have left out partitions in the middle. */
  async #fillGaps(): Promise<void> {
    const { configOf, defaults } = this.#options
    for (const [name, { topicId, partitions }] of this.#topics) {
      if (partitions.includes(undefined as never)) {
        await this.create(name, partitions.length, topicId, configOf?.(name) ?? defaults)
      }
    }
  }

  async #loadPartition(
    dir: LogDir,
    at: { topic: string; partition: number },
    offsets: { recoveryPoint: number; logStartOffset: number },
  ): Promise<void> {
    const name = partitionName(at.topic, at.partition)
    const folder = join(dir.folder, name)
    const known = this.#topics.get(at.topic)
    if (known?.partitions[at.partition] !== undefined) {
      throw new StorageError(
        `Partition ${name} lies in two data folders: ${known.partitions[at.partition]?.folder} and ${folder}. Remove one`,
      )
    }
    const log = await this.#openLog(dir, folder, at, { ...offsets, isClean: dir.wasClean })
    let topicId = await readTopicId(folder)
    if (topicId === null) {
      // A crash came between the making of the folder and of the file.
      topicId = this.#topics.get(at.topic)?.topicId ?? randomId()
      await writeTopicId(folder, topicId)
    }
    this.#addLog(dir, topicId, log)
  }

  async #openLog(
    dir: LogDir,
    folder: string,
    at: { topic: string; partition: number },
    start: { recoveryPoint: number; logStartOffset: number; isClean: boolean },
    config?: LogConfig,
  ): Promise<PartitionLog> {
    const { logger, defaults, configOf, now, producerIdExpirationMs } = this.#options
    try {
      return await PartitionLog.open(folder, at, config ?? configOf?.(at.topic) ?? defaults, {
        logger,
        ...start,
        ...(now === undefined ? {} : { now }),
        ...(producerIdExpirationMs === undefined ? {} : { producerIdExpirationMs }),
        onStartOffsetChanged: () => this.#serialize(() => writeStartOffsets(dir)),
      })
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      throw new StorageError(`Partition folder ${folder} cannot be opened: ${why}`, { cause: error })
    }
  }

  #addLog(dir: LogDir, topicId: string, log: PartitionLog): void {
    dir.logs.set(partitionName(log.topic, log.partition), log)
    let topic = this.#topics.get(log.topic)
    if (topic === undefined) this.#topics.set(log.topic, (topic = { topicId, partitions: [] }))
    topic.partitions[log.partition] = log
  }

  #startTimers(): void {
    const { retentionCheckIntervalMs, checkpointIntervalMs, producerIdExpirationCheckIntervalMs } = this.#options
    this.#every(retentionCheckIntervalMs ?? 300000, () => this.applyRetention())
    this.#every(checkpointIntervalMs ?? 60000, () => this.checkpoint())
    this.#every(producerIdExpirationCheckIntervalMs ?? 600000, () => {
      for (const log of this.#allLogs()) log.expireProducers()
      return Promise.resolve()
    })
  }

  /** Runs `work` again and again, never twice at once. */
  #every(intervalMs: number, work: () => Promise<unknown>): void {
    let isRunning = false
    const timer = setInterval(
      () => {
        if (isRunning || this.#isClosed) return
        isRunning = true
        work()
          .catch((error: unknown) => this.#options.logger.error({ err: error }, 'Maintenance of the logs failed'))
          .finally(() => (isRunning = false))
      },
      Math.min(intervalMs, 2147483647),
    )
    timer.unref()
    this.#timers.push(timer)
  }

  *#allLogs(): Generator<PartitionLog> {
    for (const { logs } of this.#dirs) yield* logs.values()
  }

  /** The log of a partition, undefined when there is none. */
  get(topic: string, partition: number): PartitionLog | undefined {
    return this.#topics.get(topic)?.partitions[partition]
  }

  topic(name: string): TopicLogs | undefined {
    const topic = this.#topics.get(name)
    return topic === undefined ? undefined : { topic: name, topicId: topic.topicId, partitions: topic.partitions }
  }

  topicById(topicId: string): TopicLogs | undefined {
    for (const [name, topic] of this.#topics) if (topic.topicId === topicId) return this.topic(name)
    return undefined
  }

  topics(): TopicLogs[] {
    return [...this.#topics].map(([topic, { topicId, partitions }]) => ({ topic, topicId, partitions }))
  }

  /**
   * Makes the partitions 0 to `partitions` − 1 of a topic, those that it does not have yet. When this resolves their folders are
   * durable.
   */
  async create(topic: string, partitions: number, topicId: string, config: LogConfig): Promise<TopicLogs> {
    const existing = this.#topics.get(topic)
    const touched = new Set<LogDir>()
    for (let partition = 0; partition < partitions; partition++) {
      if (existing?.partitions[partition] !== undefined) continue
      const dir = this.#emptiestDir()
      const folder = join(dir.folder, partitionName(topic, partition))
      const start = { recoveryPoint: 0, logStartOffset: 0, isClean: true }
      const log = await this.#openLog(dir, folder, { topic, partition }, start, config)
      await writeTopicId(folder, existing?.topicId ?? topicId)
      this.#addLog(dir, topicId, log)
      touched.add(dir)
    }
    for (const { folder } of touched) await syncFolder(folder)
    return this.topic(topic) as TopicLogs
  }

  #emptiestDir(): LogDir {
    return this.#dirs.reduce((best, dir) => (dir.logs.size < best.logs.size ? dir : best))
  }

  updateConfig(topic: string, config: LogConfig): void {
    for (const log of this.#topics.get(topic)?.partitions ?? []) log.updateConfig(config)
  }

  /**
   * Removes a topic: its name is free at once and stays so after a crash; the files go after `file.delete.delay.ms`. Waiting
   * readers are woken (their `onAppend` listeners are called). Unknown topics are ignored.
   */
  async delete(topicName: string): Promise<void> {
    const topic = this.#topics.get(topicName)
    if (topic === undefined) return
    this.#topics.delete(topicName)
    for (const log of topic.partitions) {
      const name = partitionName(log.topic, log.partition)
      const dir = this.#dirs.find(({ logs }) => logs.get(name) === log)
      dir?.logs.delete(name)
      dir?.cleanerOffsets.delete(name)
      await log.abandon()
      if (dir !== undefined) await this.#removeFolder(dir, log, name)
    }
    await this.checkpoint()
  }

  async #removeFolder(dir: LogDir, log: PartitionLog, name: string): Promise<void> {
    const suffix = `.${randomId().replaceAll('-', '_')}-delete`
    const doomed = join(dir.folder, name.slice(0, 255 - suffix.length) + suffix)
    await rename(log.folder, doomed)
    await syncFolder(dir.folder)
    const timer = setTimeout(() => {
      this.#removals.delete(doomed)
      rm(doomed, { recursive: true, force: true }).catch((error: unknown) =>
        this.#options.logger.warn({ folder: doomed, err: error }, 'A removed partition could not be unlinked'),
      )
    }, log.config.fileDeleteDelayMs)
    timer.unref()
    this.#removals.set(doomed, timer)
  }

  /** Removes what the retention settings of the topics no longer keep. Gives the number of segments removed. */
  async applyRetention(): Promise<number> {
    let removed = 0
    for (const log of this.#allLogs()) removed += await log.applyRetention()
    return removed
  }

  /** Flushes all logs and writes the offset checkpoints, so that recovery after a crash has little to check. */
  async checkpoint(): Promise<void> {
    for (const log of this.#allLogs()) if (log.failure === null) await log.flush()
    await this.#serialize(async () => {
      for (const dir of this.#dirs) await writeCheckpoints(dir)
    })
  }

  /** Checkpoint files are replaced by renaming, so there must be one writer at a time. */
  #serialize(work: () => Promise<void>): Promise<void> {
    const next = this.#checkpointing.catch(() => undefined).then(work)
    this.#checkpointing = next
    return next
  }

  /** Flushes and closes everything, and leaves the mark of a clean stop where that went well. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const timer of this.#timers) clearInterval(timer)
    for (const timer of this.#removals.values()) clearTimeout(timer)
    for (const folder of this.#removals.keys()) await rm(folder, { recursive: true, force: true })
    for (const dir of this.#dirs) {
      let isClean = true
      for (const log of dir.logs.values()) {
        try {
          await log.close()
        } catch (error) {
          this.#options.logger.error({ folder: log.folder, err: error }, 'The log could not be closed cleanly')
        }
        if (log.failure !== null) isClean = false
      }
      try {
        await this.#serialize(() => writeCheckpoints(dir))
        if (isClean) await writeCleanShutdown(dir.folder)
      } finally {
        dir.lock.release()
      }
    }
  }
}

async function writeCheckpoints(dir: LogDir): Promise<void> {
  const logs = [...dir.logs.values()]
  const entries = (offset: (log: PartitionLog) => number) =>
    logs.map((log) => ({ topic: log.topic, partition: log.partition, offset: offset(log) }))
  await writeOffsets(
    dir.folder,
    RECOVERY_POINT_FILE,
    entries((log) => log.recoveryPoint),
  )
  await writeOffsets(
    dir.folder,
    HIGH_WATERMARK_FILE,
    entries((log) => log.highWatermark),
  )
  await writeStartOffsets(dir)
}

/** Only logs that begin in the middle of a segment need an entry: the others begin where their first segment does. */
async function writeStartOffsets(dir: LogDir): Promise<void> {
  const entries = [...dir.logs.values()]
    .filter((log) => log.logStartOffset > (log.segments[0]?.baseOffset ?? 0))
    .map(({ topic, partition, logStartOffset }) => ({ topic, partition, offset: logStartOffset }))
  await writeOffsets(dir.folder, LOG_START_FILE, entries)
}

function parsePartitionName(name: string): { topic: string; partition: number } | null {
  const match = /^([a-zA-Z0-9._-]+)-(\d+)$/.exec(name)
  return match === null ? null : { topic: match[1] as string, partition: Number(match[2]) }
}

/** Whose folders these are: they have to agree with each other and with the settings. New ones are marked. */
async function identify(options: LogManagerOptions): Promise<{ clusterId: string; nodeId: number }> {
  const found = await Promise.all(options.logDirs.map((folder) => readDirMetadata(folder)))
  const first = found.find((metadata) => metadata !== null)
  const clusterId = options.clusterId ?? first?.clusterId ?? randomId()
  const nodeId = options.nodeId ?? first?.nodeId ?? 0
  for (let i = 0; i < found.length; i++) {
    const folder = options.logDirs[i] as string
    const metadata = found[i]
    if (metadata === null || metadata === undefined) {
      try {
        await writeDirMetadata(folder, { clusterId, nodeId, directoryId: randomId() })
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        throw new StorageError(`The data folder ${folder} cannot be written: ${why}`, { cause: error })
      }
    } else if (metadata.clusterId !== clusterId) {
      throw new StorageError(
        `The data folder ${folder} belongs to cluster ${metadata.clusterId}, not to ${clusterId}: set log.dirs to the right folder`,
      )
    } else if (metadata.nodeId !== nodeId) {
      throw new StorageError(
        `The data folder ${folder} belongs to node ${metadata.nodeId}, but node.id is ${nodeId}: set one of them right`,
      )
    }
  }
  return { clusterId, nodeId }
}
