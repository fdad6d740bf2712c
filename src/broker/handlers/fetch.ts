import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { Fetch, type RequestOf, type ResponseInput } from '../../protocol/messages/index.ts'
import { BATCH_OVERHEAD, readBatchHeader } from '../../protocol/records/batch.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import type { Topic } from '../topics.ts'
import { defineHandler, type RequestContext, toProtocolError } from './handler.ts'
import { checkLeaderEpoch } from './leader-epoch.ts'

type Request = RequestOf<typeof Fetch>
type PartitionRequest = Request['topics'][number]['partitions'][number]
type Response = ResponseInput<typeof Fetch>
type PartitionResponse = NonNullable<NonNullable<Response['responses']>[number]['partitions']>[number]

const READ_COMMITTED = 1

/** One partition that is asked for, resolved once a request. */
interface Target {
  readonly request: PartitionRequest
  readonly log: PartitionLog | ProtocolError
}

interface TargetTopic {
  readonly topic: string
  readonly topicId: string
  readonly targets: readonly Target[]
}

interface Round {
  readonly responses: NonNullable<Response['responses']>
  readonly bytes: number
  readonly hasError: boolean
}

/**
 * Reads from partitions; waits for `minBytes` at most `maxWaitMs`, woken by appends. Sessions (KIP-227) are never opened:
 * session id 0 makes clients name all their partitions each time.
 */
export const fetch = defineHandler(Fetch, [4, 18], {
  async handle(request, context) {
    const isFollower = request.replicaId >= 0 || request.replicaState.replicaId >= 0
    if (isFollower) throw new ProtocolError(ErrorCode.CLUSTER_AUTHORIZATION_FAILED, 'one node has no followers')
    if (request.sessionId !== 0 && request.sessionEpoch > 0) {
      return { errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, responses: [] }
    }
    const maxBytes = Math.min(Math.max(request.maxBytes, 0), context.broker.config.number('fetch.max.bytes'))
    const minBytes = Math.min(request.minBytes, maxBytes)
    const topics = await resolve(request, context)
    const marks = markLogs(topics)
    const first = await read(topics, request, maxBytes, context)
    const isEnough = first.hasError || request.maxWaitMs <= 0 || topics.length === 0 || first.bytes >= minBytes
    if (isEnough) return { responses: first.responses }
    const isReady = await waitForBytes(marks, minBytes - first.bytes, request.maxWaitMs, context.signal)
    // Nothing new has come: what the first round read still stands.
    if (!isReady && first.bytes === 0) return { responses: first.responses }
    // Looked up again, for a topic may have been deleted meanwhile.
    return { responses: (await read(await resolve(request, context), request, maxBytes, context)).responses }
  },
  refuse: (request, error) => ({
    errorCode: error.code,
    responses: request.topics.map(({ topic, topicId, partitions }) => ({
      topic,
      topicId,
      partitions: partitions.map(({ partition }) => failure(partition, error.code, null)),
    })),
  }),
})

/** Finds the logs. Waits only for those of the internal topic that are not made yet. */
async function resolve(request: Request, context: RequestContext): Promise<TargetTopic[]> {
  const { broker, apiVersion } = context
  const topics: TargetTopic[] = []
  for (const { topic: name, topicId, partitions } of request.topics) {
    const topic = apiVersion >= 13 ? broker.topics.byId(topicId) : broker.topics.get(name)
    const targets: Target[] = []
    for (const partition of partitions) {
      const log = resolveLog(topic, partition, context)
      targets.push({ request: partition, log: log instanceof Promise ? await log : log })
    }
    topics.push({ topic: name, topicId, targets })
  }
  return topics
}

function resolveLog(
  topic: Topic | undefined,
  { partition, currentLeaderEpoch }: PartitionRequest,
  context: RequestContext,
): PartitionLog | ProtocolError | Promise<PartitionLog | ProtocolError> {
  if (topic === undefined) {
    const byId = context.apiVersion >= 13
    return new ProtocolError(byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  }
  const asError = (error: unknown): ProtocolError =>
    toProtocolError(error, context, `Opening ${topic.name}-${partition}`)
  try {
    checkLeaderEpoch(currentLeaderEpoch)
    const { topics } = context.broker
    return topics.log(topic.name, partition) ?? topics.openLog(topic.name, partition).catch(asError)
  } catch (error) {
    return asError(error)
  }
}

/** Reads all partitions in the order of the request until `maxBytes` are used up. */
async function read(
  topics: readonly TargetTopic[],
  request: Request,
  wantedBytes: number,
  context: RequestContext,
): Promise<Round> {
  const maxBytes = context.broker.responses.reserve(wantedBytes)
  try {
    return await readAll(topics, request, maxBytes, context)
  } finally {
    context.broker.responses.add(-maxBytes)
  }
}

async function readAll(
  topics: readonly TargetTopic[],
  request: Request,
  maxBytes: number,
  context: RequestContext,
): Promise<Round> {
  const isCommitted = request.isolationLevel === READ_COMMITTED
  let bytes = 0
  let hasError = false
  const responses: NonNullable<Response['responses']>[number][] = []
  for (const { topic, topicId, targets } of topics) {
    const partitions: PartitionResponse[] = []
    for (const target of targets) {
      const limit = Math.max(0, Math.min(target.request.partitionMaxBytes, maxBytes - bytes))
      // Most partitions of a waiting consumer have nothing new: those are answered without a promise each.
      const answer =
        answerWithoutReading(target, isCommitted, limit, bytes === 0) ??
        (await readPartition(target, isCommitted, limit, bytes === 0, context))
      bytes += answer.records?.length ?? 0
      if (answer.errorCode !== ErrorCode.NONE) hasError = true
      partitions.push(answer)
    }
    responses.push({ topic, topicId, partitions })
  }
  return { responses, bytes, hasError }
}

/** The answer of a partition that cannot be read, or has nothing to read; null for others. */
function answerWithoutReading(
  { request, log }: Target,
  isCommitted: boolean,
  limit: number,
  isFirst: boolean,
): PartitionResponse | null {
  const { partition, fetchOffset } = request
  if (log instanceof ProtocolError) return failure(partition, log.code, null)
  if (fetchOffset < log.logStartOffset || fetchOffset > log.logEndOffset) {
    return failure(partition, ErrorCode.OFFSET_OUT_OF_RANGE, log)
  }
  const visibleEnd = isCommitted ? log.lastStableOffset : log.highWatermark
  const isEmpty = fetchOffset >= visibleEnd || (limit === 0 && !isFirst)
  return isEmpty ? success(partition, log, NO_RECORDS, isCommitted ? [] : null) : null
}

async function readPartition(
  { request, log }: Target,
  isCommitted: boolean,
  limit: number,
  isFirst: boolean,
  context: RequestContext,
): Promise<PartitionResponse> {
  const { partition, fetchOffset } = request
  if (log instanceof ProtocolError) return failure(partition, log.code, null)
  try {
    const { records, abortedTransactions } = await log.read(fetchOffset, limit, {
      minOneBatch: isFirst,
      isolation: isCommitted ? 'read_committed' : 'read_uncommitted',
      allocate: (size) => context.broker.memory.take(size),
    })
    if (context.apiVersion < 10 && holdsZstd(records)) {
      return failure(partition, ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, log)
    }
    return success(partition, log, records, isCommitted ? (abortedTransactions ?? []) : null)
  } catch (error) {
    const { code } = toProtocolError(error, context, 'A fetch')
    const isOldStorageError = code === ErrorCode.KAFKA_STORAGE_ERROR && context.apiVersion <= 5
    return failure(partition, isOldStorageError ? ErrorCode.NOT_LEADER_OR_FOLLOWER : code, log)
  }
}

const NO_RECORDS = new Uint8Array(0)

function success(
  partitionIndex: number,
  { highWatermark, lastStableOffset, logStartOffset }: PartitionLog,
  records: Uint8Array,
  abortedTransactions: { producerId: number; firstOffset: number }[] | null,
): PartitionResponse {
  return {
    partitionIndex,
    errorCode: ErrorCode.NONE,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    abortedTransactions,
    records,
  }
}

function holdsZstd(records: Uint8Array): boolean {
  let position = 0
  while (position + BATCH_OVERHEAD <= records.length) {
    const header = readBatchHeader(records, position)
    if (header.compression === 'zstd') return true
    position += header.sizeInBytes
  }
  return false
}

function failure(partitionIndex: number, errorCode: number, log: PartitionLog | null): PartitionResponse {
  return {
    partitionIndex,
    errorCode,
    highWatermark: log?.highWatermark ?? -1,
    lastStableOffset: log?.lastStableOffset ?? -1,
    logStartOffset: log?.logStartOffset ?? -1,
    abortedTransactions: null,
    records: NO_RECORDS,
  }
}

/** What a log looked like when the first round began. */
interface LogMark {
  readonly log: PartitionLog
  readonly highWatermark: number
  sizeInBytes: number
}

function markLogs(topics: readonly TargetTopic[]): LogMark[] {
  const marks: LogMark[] = []
  for (const { targets } of topics) {
    for (const { log } of targets) {
      if (log instanceof ProtocolError) continue
      marks.push({ log, highWatermark: log.highWatermark, sizeInBytes: log.sizeInBytes })
    }
  }
  return marks
}

/**
 * Resolves true once `missing` bytes more than at the marks are there, false after `maxWaitMs` or when the client is gone.
 * It is woken by appends; nothing is polled.
 */
function waitForBytes(
  marks: readonly LogMark[],
  missing: number,
  maxWaitMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve) => {
    const removers: (() => void)[] = []
    let left = missing
    const finish = (isReady: boolean): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      for (const remove of removers) remove()
      resolve(isReady)
    }
    const onAbort = (): void => finish(false)
    const timer = setTimeout(() => finish(false), maxWaitMs)
    const account = (mark: LogMark): void => {
      const { sizeInBytes } = mark.log
      // Retention can make a log smaller; whatever was appended meanwhile counts as one byte then. So does the call that
      // tells of the log's end when its topic is deleted.
      left -= Math.max(1, sizeInBytes - mark.sizeInBytes)
      mark.sizeInBytes = sizeInBytes
      if (left <= 0) finish(true)
    }
    for (const mark of marks) removers.push(mark.log.onAppend(() => account(mark)))
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) finish(false)
    // What came while the first round was read.
    for (const mark of marks) if (left > 0 && mark.log.highWatermark !== mark.highWatermark) account(mark)
  })
}
