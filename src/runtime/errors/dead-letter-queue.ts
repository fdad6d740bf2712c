import { withDeadline } from '../../base/deadline.ts'
import type { Logger } from '../../base/logger.ts'
import {
  Admin,
  createCluster,
  Producer,
  type ProducerRecord,
  producerOptionsFromProperties,
} from '../../client/index.ts'
import { ConnectError } from '../../connect/index.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { outsideOfScopes } from '../plugins/plugin-scope.ts'
import type { ConnectorTaskId } from '../task-runner.ts'
import { clientOptions, clientProps } from '../tasks/client-settings.ts'
import type { TaskEnvironment } from '../tasks/task-environment.ts'
import { contextHeaders } from './dead-letter-headers.ts'
import type { ErrorCounters } from './error-handler.ts'
import type { DeadLetterPolicy } from './error-policy.ts'
import type { ErrorReporter, FailedRecord } from './failed-record.ts'
import type { StageError } from './stage-error.ts'

const CLOSE_TIMEOUT_MS = 5000

/** Sends to the dead letter topic. */
export interface LetterSender {
  send(record: ProducerRecord): Promise<unknown>
  close(): Promise<void>
}

export interface DeadLetterQueueOptions {
  readonly id: ConnectorTaskId
  readonly policy: DeadLetterPolicy
  readonly sender: LetterSender
  readonly counters: Pick<ErrorCounters, 'deadLetterRequests' | 'deadLetterFailures'>
  readonly logger: Logger
}

/** Keeps records that could not be handled in a topic: their bytes as they were, with headers that say why if asked for. */
export class DeadLetterQueue implements ErrorReporter {
  readonly #options: DeadLetterQueueOptions

  constructor(options: DeadLetterQueueOptions) {
    this.#options = options
  }

  /** Rejects when the letter could not be sent, which is logged here. */
  report(error: StageError, record: FailedRecord | undefined): Promise<void> | null {
    const { counters } = this.#options
    counters.deadLetterRequests++
    if (record === undefined) {
      counters.deadLetterFailures++
      return null
    }
    return this.#send(error, record)
  }

  async #send(error: StageError, record: FailedRecord): Promise<void> {
    const { id, policy, sender, counters, logger } = this.#options
    const { topic } = policy
    try {
      // Made before anything is waited for: the record's memory may be used again afterwards.
      const letter = record.letter()
      const { key, value, timestamp } = letter
      const headers = policy.contextHeaders
        ? [...letter.headers, ...contextHeaders(id, error, record, letter)]
        : letter.headers
      const message = { topic, key, value, headers, ...(timestamp === null ? {} : { timestamp }) }
      await outsideOfScopes(() => sender.send(message))
    } catch (failure) {
      counters.deadLetterFailures++
      logger.error({ ...id, topic, err: failure }, `Could not produce message to dead letter queue. topic=${topic}`)
      throw failure
    }
  }

  async close(): Promise<void> {
    await this.#options.sender.close()
  }
}

/**
 * Opens the dead letter topic of a task, which is created with one partition if it is missing. Its clients are those of the
 * worker (`producer.*`, `admin.*`) with the connector's overrides. Rejects when the topic cannot be made sure of.
 */
export async function openDeadLetterQueue(
  env: TaskEnvironment,
  policy: DeadLetterPolicy,
  counters: ErrorCounters,
): Promise<DeadLetterQueue> {
  const { id, logger } = env
  const name = `${id.connector}-${id.task}`
  await ensureTopic(env, policy, `connector-dlq-adminclient-${name}`)
  const props = clientProps('producer', env.config, env.connectorProps, {
    'client.id': `connector-dlq-producer-${name}`,
    'max.block.ms': '2147483647',
    'delivery.timeout.ms': '2147483647',
  })
  const cluster = createCluster(clientOptions(props, logger))
  const producer = new Producer(cluster, producerOptionsFromProperties(props))
  const sender: LetterSender = {
    send: (record) => producer.send(record),
    async close() {
      await producer.close(CLOSE_TIMEOUT_MS)
      await cluster.close()
    },
  }
  return new DeadLetterQueue({ id, policy, sender, counters, logger })
}

async function ensureTopic(env: TaskEnvironment, policy: DeadLetterPolicy, clientId: string): Promise<void> {
  const { topic, replicationFactor } = policy
  const props = clientProps('admin', env.config, env.connectorProps, { 'client.id': clientId })
  const cluster = createCluster(clientOptions(props, env.logger))
  const { signal } = env.control
  try {
    const admin = new Admin(cluster)
    const [described] = await admin.describeTopics([topic], { signal })
    if (described?.error === null) return
    const [created] = await admin.createTopics([{ name: topic, partitions: 1, replicationFactor }], { signal })
    const error = created?.error ?? null
    if (error !== null && error.code !== ErrorCode.TOPIC_ALREADY_EXISTS) throw error
    env.logger.info({ ...env.id, topic }, `Created the dead letter topic ${topic}`)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const text = `Could not initialize dead letter queue with topic=${topic}: ${reason}`
    throw new ConnectError(
      `${text}. Create the topic, or set errors.deadletterqueue.topic.replication.factor to what the cluster can give`,
      { cause: error },
    )
  } finally {
    await withDeadline(cluster.close(), CLOSE_TIMEOUT_MS, 'Closing the admin client').catch(() => {})
  }
}
