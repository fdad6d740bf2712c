import { booleanProp, numberProp, type Props } from '../tasks/props.ts'

/** What a connector says about faulty records: its `errors.*` settings. */
export interface ErrorPolicy {
  /** `errors.tolerance`. */
  readonly tolerance: 'none' | 'all'
  /** `errors.retry.timeout` in milliseconds, default 0, −1 for ever. */
  readonly retryTimeoutMs: number
  /** `errors.retry.delay.max.ms`, default 60000. */
  readonly retryDelayMaxMs: number
  /** `errors.log.enable`. */
  readonly log: boolean
  /** `errors.log.include.messages`: coordinates of the record, never what it holds. */
  readonly logMessages: boolean
  /** Null when `errors.deadletterqueue.topic.name` is empty. */
  readonly deadLetters: DeadLetterPolicy | null
}

export interface DeadLetterPolicy {
  readonly topic: string
  /** Of the topic when it is created; −1 leaves it to the broker. */
  readonly replicationFactor: number
  /** `errors.deadletterqueue.context.headers.enable`. */
  readonly contextHeaders: boolean
}

/** Reads the `errors.*` settings of a connector; they were validated when it was created. */
export function errorPolicy(props: Props): ErrorPolicy {
  const topic = props['errors.deadletterqueue.topic.name']?.trim() ?? ''
  return {
    tolerance: props['errors.tolerance']?.trim().toLowerCase() === 'all' ? 'all' : 'none',
    retryTimeoutMs: numberProp(props, 'errors.retry.timeout', 0),
    retryDelayMaxMs: numberProp(props, 'errors.retry.delay.max.ms', 60_000),
    log: booleanProp(props, 'errors.log.enable', false),
    logMessages: booleanProp(props, 'errors.log.include.messages', false),
    deadLetters:
      topic === ''
        ? null
        : {
            topic,
            replicationFactor: numberProp(props, 'errors.deadletterqueue.topic.replication.factor', 3),
            contextHeaders: booleanProp(props, 'errors.deadletterqueue.context.headers.enable', false),
          },
  }
}
