import { Backoff } from '../../base/backoff.ts'
import { pause } from '../../base/deadline.ts'
import type { Logger } from '../../base/logger.ts'
import type { Admin, CreatedTopic } from '../../client/index.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { InternalTopicError } from '../errors.ts'
import type { InternalTopicConfig } from '../worker-config.ts'

/** A topic and the prefix of the settings that describe it: `config`, `offset` or `status`. */
export interface InternalTopic {
  readonly kind: 'config' | 'offset' | 'status'
  readonly config: InternalTopicConfig
}

/** May go away when more brokers have started. */
const retriable: readonly number[] = [ErrorCode.INVALID_REPLICATION_FACTOR, ErrorCode.REQUEST_TIMED_OUT]
/** The topic may be there all the same, made by someone who may. */
const inconclusive: readonly number[] = [
  ErrorCode.TOPIC_ALREADY_EXISTS,
  ErrorCode.TOPIC_AUTHORIZATION_FAILED,
  ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
  ErrorCode.UNSUPPORTED_VERSION,
]

/**
 * Creates the internal topics that are missing, all in one request, and checks those that were there: their cleanup
 * policy must be `compact` and nothing else. Throws {@link InternalTopicError} that names the topic and what to do.
 */
export async function ensureInternalTopics(
  admin: Admin,
  topics: readonly InternalTopic[],
  options: { readonly timeoutMs: number; readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  const unnamed = topics.find(({ config }) => config.topic.trim() === '')
  if (unnamed !== undefined)
    throw new InternalTopicError(`${unnamed.kind}.storage.topic is empty: it has to name the ${unnamed.kind} topic.`)
  const deadline = Date.now() + options.timeoutMs
  const backoff = new Backoff(250, 5_000)
  let missing = [...topics]
  const existing: InternalTopic[] = []
  for (;;) {
    const results = await admin.createTopics(
      missing.map(({ config }) => newTopic(config)),
      { signal: options.signal },
    )
    const failed: { topic: InternalTopic; error: NonNullable<CreatedTopic['error']> }[] = []
    for (const topic of missing) {
      const error = results.find(({ name }) => name === topic.config.topic)?.error ?? null
      if (error === null) continue
      if (inconclusive.includes(error.code)) existing.push(topic)
      else failed.push({ topic, error })
    }
    const fatal = failed.find(({ error }) => !retriable.includes(error.code))
    const first = fatal ?? failed[0]
    if (first === undefined) break
    const problem = creationError(first.topic, first.error)
    if (fatal !== undefined || Date.now() >= deadline || options.signal.aborted) throw problem
    options.logger.warn({ topic: first.topic.config.topic }, `${problem.message} Trying again`)
    missing = failed.map(({ topic }) => topic)
    await pause(backoff.next(), options.signal)
  }
  await requireCompaction(admin, existing, options.signal)
  await requireOnePartition(
    admin,
    existing.filter(({ kind }) => kind === 'config'),
    options.signal,
  )
}

/** The order of the records in the config topic is what all workers agree on. */
async function requireOnePartition(admin: Admin, topics: readonly InternalTopic[], signal: AbortSignal): Promise<void> {
  if (topics.length === 0) return
  const names = topics.map(({ config }) => config.topic)
  for (const { name, topic } of await admin.describeTopics(names, { signal })) {
    const partitions = topic?.partitions ?? []
    if (partitions.length <= 1) continue
    throw new InternalTopicError(
      `Topic '${name}' supplied via the 'config.storage.topic' property is required to have a single partition in order ` +
        `to guarantee consistency of connector configurations, but found ${partitions.length} partitions. ` +
        'Use another topic, or make it anew with one partition.',
    )
  }
}

function newTopic({ topic, partitions, replicationFactor, settings }: InternalTopicConfig) {
  return { name: topic, partitions, replicationFactor, configs: { ...settings, 'cleanup.policy': 'compact' } }
}

function creationError({ kind, config }: InternalTopic, error: NonNullable<CreatedTopic['error']>): InternalTopicError {
  const what = `The ${kind} topic "${config.topic}" could not be created: ${error.message}.`
  if (error.code !== ErrorCode.INVALID_REPLICATION_FACTOR) return new InternalTopicError(what, { cause: error })
  const setting = `${kind}.storage.replication.factor`
  return new InternalTopicError(
    `${what} ${setting}=${config.replicationFactor} needs as many brokers; with fewer, set it lower (1 for a single broker).`,
    { cause: error },
  )
}

async function requireCompaction(admin: Admin, topics: readonly InternalTopic[], signal: AbortSignal): Promise<void> {
  if (topics.length === 0) return
  const resources = topics.map(({ config }) => ({
    type: 'topic' as const,
    name: config.topic,
    keys: ['cleanup.policy'],
  }))
  const described = await admin.describeConfigs(resources, { signal })
  for (const { kind, config } of topics) {
    const policy = described
      .find(({ name }) => name === config.topic)
      ?.entries.find(({ name }) => name === 'cleanup.policy')?.value
    // A broker that does not disclose it is trusted.
    if (policy === undefined || policy === null || policy === 'compact') continue
    throw new InternalTopicError(
      `Topic "${config.topic}" supplied via the '${kind}.storage.topic' property is required to have ` +
        `'cleanup.policy=compact' to guarantee consistency and durability, but found cleanup.policy=${policy}. ` +
        "Change the topic's setting, or use another topic.",
    )
  }
}
