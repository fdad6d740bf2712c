import { pause } from '../../base/deadline.ts'
import { type Admin, isRetriable } from '../../client/index.ts'
import { ConnectError } from '../../connect/index.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { TaskEnvironment } from './task-environment.ts'
import type { TopicCreationRules } from './topic-creation.ts'

/** As a producer's retries. */
const RETRY_PAUSE_MS = 100

/** What is needed to look for topics and to create them. */
export type TopicAdmin = Pick<Admin, 'describeTopics' | 'createTopics'>

/** Makes sure that topics are there, created by the connector's rules when they are missing: once a topic and task. */
export class SourceTopics {
  readonly #rules: TopicCreationRules
  readonly #admin: () => TopicAdmin
  readonly #env: Pick<TaskEnvironment, 'control' | 'logger' | 'id'>
  readonly #checked = new Set<string>()

  /** @param admin asked for when it is first needed */
  constructor(
    rules: TopicCreationRules,
    admin: () => TopicAdmin,
    env: Pick<TaskEnvironment, 'control' | 'logger' | 'id'>,
  ) {
    this.#rules = rules
    this.#admin = admin
    this.#env = env
  }

  /** Tries on as long as the cluster cannot be reached. @throws ConnectError when the topic cannot be created */
  async ensure(topic: string): Promise<void> {
    const { control, logger } = this.#env
    while (!this.#checked.has(topic)) {
      try {
        await this.#createIfMissing(topic)
        this.#checked.add(topic)
      } catch (error) {
        if (!isRetriable(error) || control.stopping) throw error
        logger.warn({ topic, err: error }, `Topic ${topic} cannot be looked up or created at the moment; trying again`)
        await pause(RETRY_PAUSE_MS, control.signal)
      }
    }
  }

  async #createIfMissing(topic: string): Promise<void> {
    const { control, logger, id } = this.#env
    const { signal } = control
    const admin = this.#admin()
    const [described] = await admin.describeTopics([topic], { signal })
    if (described?.error === null) return
    const missing = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    if (described?.error && described.error.code !== missing) throw asFailure(topic, described.error)
    const [created] = await admin.createTopics([this.#rules.templateFor(topic)], { signal })
    if (created === undefined) throw asFailure(topic, null)
    if (created.error === null) logger.info({ ...id, topic }, `Created topic ${topic} by the rules of topic.creation`)
    else if (created.error.code !== ErrorCode.TOPIC_ALREADY_EXISTS) throw asFailure(topic, created.error)
  }
}

function asFailure(topic: string, cause: (Error & { retriable: boolean }) | null): Error {
  if (cause?.retriable === true) return cause
  const reason = cause === null ? 'it was neither created nor found' : cause.message
  return new ConnectError(
    `Task failed to create new topic ${topic}: ${reason}. Ensure that the task is authorized to create topics or that the topic exists and restart the task`,
    { cause },
  )
}
