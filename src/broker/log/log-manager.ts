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
import { type Cleanable, cleanablePart, LogCleaner } from './cleaner/log-cleaner.ts'
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
  /** Topics whose partitions are made one by one, when they are needed: what is missing of them stays missing. */
  sparseTopics?: ReadonlySet<string>
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
  /** `log.cleaner.enable`, default true. */
  cleanerEnabled?: boolean
  /** `log.cleaner.backoff.ms`, default 15000. */
  cleanerBackoffMs?: number
  /** `log.cleaner.dedupe.buffer.size`, default 134217728; only as much as a log needs is taken, while it is cleaned. */
  cleanerDedupeBufferBytes?: number
  /** `producer.id.expiration.ms`, default one day. */
  producerIdExpirationMs?: number
  /** `producer.id.expiration.check.interval.ms`, default 600000. */
  producerIdExpirationCheckIntervalMs?: number
}

/** A topic's logs; `partitions[i]` is partition i. Those of a sparse topic can have holes. */
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
  /** Partitions that are here or were placed here; evens out the folders. */
  partitions: number
  cleanerOffsets: Map<string, number>
}

interface Topic {
  topicId: string
  partitions: PartitionLog[]
}

/** Partitions that are opened or made at a time. */
const MAX_PARALLEL = 8

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
        dirs.push({
          folder,
          lock: lockDir(folder),
          wasClean: false,
          logs: new Map(),
          partitions: 0,
          cleanerOffsets: new Map(),
        })
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
      throw asStorageError(error, options.logDirs)
    }
  }

  async #loadDir(dir: LogDir): Promise<void> {
    const { folder } = dir
    dir.wasClean = await takeCleanShutdown(folder)
    const recoveryPoints = await readOffsets(folder, RECOVERY_POINT_FILE)
    const startOffsets = await readOffsets(folder, LOG_START_FILE)
    dir.cleanerOffsets = await readOffsets(folder, CLEANER_FILE)
    const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory())
    await inParallel(names, async ({ name }) => {
      const partition = parsePartitionName(name)
      if (partition !== null) {
        await this.#loadPartition(dir, partition, {
          recoveryPoint: recoveryPoints.get(name) ?? 0,
          logStartOffset: startOffsets.get(name) ?? 0,
        })
        dir.partitions++
      } else if (name.endsWith('-delete')) {
        await rm(join(folder, name), { recursive: true, force: true })
      }
    })
    // What a topic left that was deleted just before a crash must not apply to a new one of the same name.
    const stale = [recoveryPoints, startOffsets, dir.cleanerOffsets].flatMap((offsets) => [...offsets.keys()])
    if (stale.every((name) => dir.logs.has(name))) return
    for (const name of dir.cleanerOffsets.keys()) if (!dir.logs.has(name)) dir.cleanerOffsets.delete(name)
    await writeCleanerOffsets(dir)
    await writeCheckpoints(dir)
  }

  /** A crash while a topic was made may have left out partitions in the middle. */
  async #fillGaps(): Promise<void> {
    const { configOf, defaults, sparseTopics } = this.#options
    for (const [name, { topicId, partitions }] of this.#topics) {
      if (sparseTopics?.has(name)) continue
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
    if (this.#options.cleanerEnabled !== false) {
      this.#every(this.#options.cleanerBackoffMs ?? 15000, () => this.clean())
    }
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
    const missing = Array.from({ length: partitions }, (_, i) => i).filter((i) => existing?.partitions[i] === undefined)
    await this.#createMissing(topic, missing, topicId, config)
    return this.topic(topic) as TopicLogs
  }

  /** Makes one partition of a sparse topic, if it is not there yet. When this resolves its folder is durable. */
  async createPartition(topic: string, partition: number, topicId: string, config: LogConfig): Promise<PartitionLog> {
    if (this.get(topic, partition) === undefined) await this.#createMissing(topic, [partition], topicId, config)
    return this.get(topic, partition) as PartitionLog
  }

  async #createMissing(topic: string, missing: readonly number[], topicId: string, config: LogConfig): Promise<void> {
    const placed = missing.map((partition) => ({ partition, dir: this.#emptiestDir() }))
    await inParallel(placed, async ({ partition, dir }) => {
      const folder = join(dir.folder, partitionName(topic, partition))
      const start = { recoveryPoint: 0, logStartOffset: 0, isClean: true }
      const log = await this.#openLog(dir, folder, { topic, partition }, start, config)
      await writeTopicId(folder, this.#topics.get(topic)?.topicId ?? topicId)
      this.#addLog(dir, topicId, log)
    })
    for (const dir of new Set(placed.map((place) => place.dir))) await syncFolder(dir.folder)
  }

  #emptiestDir(): LogDir {
    const best = this.#dirs.reduce((least, dir) => (dir.partitions < least.partitions ? dir : least))
    best.partitions++
    return best
  }

  updateConfig(topic: string, config: LogConfig): void {
    for (const log of this.#topics.get(topic)?.partitions ?? []) log?.updateConfig(config)
  }

  /**
   * Removes a topic: its name is free at once and stays so after a crash; the files go after `file.delete.delay.ms`. Waiting
   * readers are woken (their `onAppend` listeners are called). Unknown topics are ignored.
   */
  async delete(topicName: string): Promise<void> {
    const topic = this.#topics.get(topicName)
    if (topic === undefined) return
    this.#topics.delete(topicName)
    for (const log of topic.partitions.filter((partition) => partition !== undefined)) {
      const name = partitionName(log.topic, log.partition)
      const dir = this.#dirs.find(({ logs }) => logs.get(name) === log)
      dir?.logs.delete(name)
      dir?.cleanerOffsets.delete(name)
      if (dir !== undefined) dir.partitions--
      await log.abandon()
      if (dir !== undefined) await this.#removeFolder(dir, log, name)
    }
    await this.#serialize(async () => {
      for (const dir of this.#dirs) {
        await writeCleanerOffsets(dir)
        await writeCheckpoints(dir)
      }
    })
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
    for (const log of this.#allLogs()) {
      try {
        removed += await log.applyRetention()
      } catch (error) {
        this.#options.logger.error({ folder: log.folder, err: error }, 'Retention could not be applied')
      }
    }
    return removed
  }

  /** Cleans the compacted logs that are dirty enough, the dirtiest first. Gives the number of rounds. */
  async clean(): Promise<number> {
    const { cleanerDedupeBufferBytes, logger } = this.#options
    const now = this.#options.now ?? Date.now
    const cleaner = new LogCleaner({ dedupeBufferBytes: cleanerDedupeBufferBytes ?? 134217728, logger, now })
    // A log that cannot be cleaned is left alone until the next time.
    const failed = new Set<PartitionLog>()
    for (let rounds = 0; ; rounds++) {
      const chosen = this.#isClosed ? null : cleaner.choose(await this.#cleanables(now(), failed))
      if (chosen === null) return rounds
      const { log } = chosen
      try {
        const offset = await cleaner.clean(chosen)
        if (offset !== null) await this.#keepCleanerOffset(log, offset)
      } catch (error) {
        failed.add(log)
        logger.error({ folder: log.folder, err: error }, 'The log could not be cleaned; it stays as it is')
      }
    }
  }

  async #cleanables(nowMs: number, without: ReadonlySet<PartitionLog>): Promise<Cleanable[]> {
    const cleanables: Cleanable[] = []
    for (const { logs, cleanerOffsets } of this.#dirs) {
      for (const [name, log] of logs) {
        if (!log.config.compact || log.isClosed || log.failure !== null || without.has(log)) continue
        await log.rollIfOld()
        const cleanable = cleanablePart(log, cleanerOffsets.get(name) ?? 0, nowMs)
        if (cleanable !== null) cleanables.push(cleanable)
      }
    }
    return cleanables
  }

  async #keepCleanerOffset(log: PartitionLog, offset: number): Promise<void> {
    const name = partitionName(log.topic, log.partition)
    const dir = this.#dirs.find(({ logs }) => logs.get(name) === log)
    if (dir === undefined) return
    dir.cleanerOffsets.set(name, offset)
    await this.#serialize(() => writeCleanerOffsets(dir))
  }

  /** Flushes all logs and writes the offset checkpoints, so that recovery after a crash has little to check. */
  async checkpoint(): Promise<void> {
    for (const log of this.#allLogs()) {
      // A log that fails has said so itself, and its recovery point stays where it was.
      if (log.failure === null) await log.flush().catch(() => undefined)
    }
    await this.#writeCheckpoints()
  }

  #writeCheckpoints(): Promise<void> {
    return this.#serialize(async () => {
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

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  const next = async (): Promise<void> => {
    for (const item of queue) await work(item)
  }
  // All have to end before an error is passed on: the caller closes what they opened.
  const results = await Promise.allSettled(Array.from({ length: MAX_PARALLEL }, next))
  for (const result of results) if (result.status === 'rejected') throw result.reason
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

async function writeCleanerOffsets(dir: LogDir): Promise<void> {
  const entries = [...dir.logs.values()].flatMap(({ topic, partition }) => {
    const offset = dir.cleanerOffsets.get(partitionName(topic, partition))
    return offset === undefined ? [] : [{ topic, partition, offset }]
  })
  await writeOffsets(dir.folder, CLEANER_FILE, entries)
}

function parsePartitionName(name: string): { topic: string; partition: number } | null {
  const match = /^([a-zA-Z0-9._-]+)-(\d+)$/.exec(name)
  return match === null ? null : { topic: match[1] as string, partition: Number(match[2]) }
}

function asStorageError(error: unknown, logDirs: readonly string[]): StorageError {
  if (error instanceof StorageError) return error
  const why = error instanceof Error ? error.message : String(error)
  return new StorageError(`The data folder ${logDirs.join(', ')} cannot be used: ${why}`, { cause: error })
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
