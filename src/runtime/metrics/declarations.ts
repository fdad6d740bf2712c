import type { MetricDomain } from './group.ts'

/** A kind of metric group, and what each of its attributes says. */
export interface GroupDeclaration {
  readonly domain: MetricDomain
  /** `type` of Kafka's name. */
  readonly type: string
  readonly tags: readonly string[]
  readonly summary: string
  readonly attributes: Readonly<Record<string, AttributeDeclaration>>
}

export interface AttributeDeclaration {
  readonly help: string
  readonly kind: 'number' | 'text'
}

/** An attribute that Kafka Connect has and we do not, with the reason. */
export interface MissingAttribute {
  readonly type: string
  readonly attributes: readonly string[]
  readonly reason: string
}

const number = (help: string): AttributeDeclaration => ({ help, kind: 'number' })
const text = (help: string): AttributeDeclaration => ({ help, kind: 'text' })

const task = ['connector', 'task'] as const

/** Rate and total of an event, as Kafka names the two. */
function meter(name: string, what: string): Record<string, AttributeDeclaration> {
  return {
    [`${name}-rate`]: number(`${what} per second.`),
    [`${name}-total`]: number(`${what} since the start.`),
  }
}

const networkAttributes: Readonly<Record<string, AttributeDeclaration>> = {
  'connection-count': number('Connections to brokers that are open now.'),
  ...meter('connection-creation', 'Connections opened'),
  ...meter('connection-close', 'Connections closed'),
  ...meter('successful-authentication', 'Connections that became usable, with or without authentication,'),
  ...meter('failed-authentication', 'Connections that failed in their authentication'),
  ...meter('network-io', 'Reads and writes of sockets'),
  ...meter('request', 'Requests sent'),
  'request-size-avg': number('Average size of a request in bytes.'),
  'request-size-max': number('Largest request in bytes.'),
  ...meter('outgoing-byte', 'Bytes sent'),
  ...meter('response', 'Responses received'),
  ...meter('incoming-byte', 'Bytes received'),
}

/** Every metric of a worker, in the order of the reference page. */
export const metricDeclarations: readonly GroupDeclaration[] = [
  {
    domain: 'connect',
    type: 'connect-worker-metrics',
    tags: [],
    summary: 'The worker as a whole.',
    attributes: {
      'connector-count': number('Connectors placed on this worker.'),
      'task-count': number('Tasks placed on this worker.'),
      'connector-startup-attempts-total': number('Connector starts that were tried.'),
      'connector-startup-success-total': number('Connector starts that succeeded.'),
      'connector-startup-success-percentage': number('Share of recent connector starts that succeeded, from 0 to 1.'),
      'connector-startup-failure-total': number('Connector starts that failed.'),
      'connector-startup-failure-percentage': number('Share of recent connector starts that failed, from 0 to 1.'),
      'task-startup-attempts-total': number('Task starts that were tried.'),
      'task-startup-success-total': number('Task starts that succeeded.'),
      'task-startup-success-percentage': number('Share of recent task starts that succeeded, from 0 to 1.'),
      'task-startup-failure-total': number('Task starts that failed.'),
      'task-startup-failure-percentage': number('Share of recent task starts that failed, from 0 to 1.'),
    },
  },
  {
    domain: 'connect',
    type: 'connect-worker-metrics',
    tags: ['connector'],
    summary: 'The tasks of one connector that are placed on this worker, by state.',
    attributes: {
      'connector-total-task-count': number('Tasks of the connector on this worker.'),
      'connector-running-task-count': number('Those that run.'),
      'connector-paused-task-count': number('Those that are paused.'),
      'connector-failed-task-count': number('Those that failed.'),
      'connector-unassigned-task-count': number('Those that wait for a worker.'),
      'connector-destroyed-task-count': number('Those that were deleted.'),
      'connector-restarting-task-count': number('Those that are being restarted.'),
    },
  },
  {
    domain: 'connect',
    type: 'connect-worker-rebalance-metrics',
    tags: [],
    summary: "The worker's part in the rebalances of the group. Not in standalone mode.",
    attributes: {
      'leader-name': text('REST address of the leader of the group.'),
      'connect-protocol': text('Protocol of the group: EAGER, COMPATIBLE or SESSIONED.'),
      epoch: number('Generation of the group that the worker is in, -1 before the first.'),
      'completed-rebalances-total': number('Rebalances that this worker has completed.'),
      rebalancing: number('1 while a rebalance is under way, 0 otherwise.'),
      'rebalance-max-time-ms': number('Longest time of a recent rebalance, from assignment to started work.'),
      'rebalance-avg-time-ms': number('Average time of the recent rebalances.'),
      'time-since-last-rebalance-ms': number('Time since the last completed rebalance, +Inf before the first.'),
    },
  },
  {
    domain: 'connect',
    type: 'connect-coordinator-metrics',
    tags: ['client-id'],
    summary: "The worker's membership in the group, as the coordinator protocol sees it. Not in standalone mode.",
    attributes: {
      'assigned-connectors': number('Connectors assigned to this worker.'),
      'assigned-tasks': number('Tasks assigned to this worker.'),
      ...meter('heartbeat', 'Heartbeats answered'),
      'heartbeat-response-time-max': number('Longest wait for the answer to a heartbeat, in milliseconds.'),
      'last-heartbeat-seconds-ago': number('Seconds since a heartbeat was sent, -1 before the first.'),
      ...meter('join', 'JoinGroup requests answered'),
      'join-time-avg': number('Average wait for the answer to JoinGroup, in milliseconds.'),
      'join-time-max': number('Longest wait for the answer to JoinGroup, in milliseconds.'),
      ...meter('sync', 'SyncGroup requests answered'),
      'sync-time-avg': number('Average wait for the answer to SyncGroup, in milliseconds.'),
      'sync-time-max': number('Longest wait for the answer to SyncGroup, in milliseconds.'),
      'rebalance-total': number('Rounds of joining and syncing that led to an assignment.'),
      'rebalance-rate-per-hour': number('Such rounds per hour.'),
      'rebalance-latency-avg': number('Average time of a round, failed attempts included, in milliseconds.'),
      'rebalance-latency-max': number('Longest time of a round, failed attempts included, in milliseconds.'),
      'rebalance-latency-total': number('Milliseconds spent in rounds since the start.'),
      'failed-rebalance-total': number('Attempts to join or sync that failed.'),
      'failed-rebalance-rate-per-hour': number('Failed attempts per hour.'),
      'last-rebalance-seconds-ago': number('Seconds since the last assignment, -1 before the first.'),
    },
  },
  {
    domain: 'connect',
    type: 'connector-metrics',
    tags: ['connector'],
    summary: 'A connector whose instance is placed on this worker.',
    attributes: {
      status: text('running, paused, stopped, failed, unassigned or restarting.'),
      'connector-type': text('source or sink.'),
      'connector-class': text('Class of the connector.'),
      'connector-version': text('Version of the connector.'),
    },
  },
  {
    domain: 'connect',
    type: 'connector-task-metrics',
    tags: task,
    summary: 'A task that is placed on this worker.',
    attributes: {
      status: text('running, paused, failed, unassigned or restarting.'),
      'running-ratio': number('Part of its time that the task was running, from 0 to 1.'),
      'pause-ratio': number('Part of its time that the task was paused, from 0 to 1.'),
      'offset-commit-max-time-ms': number('Longest time of a recent offset commit.'),
      'offset-commit-avg-time-ms': number('Average time of the recent offset commits.'),
      'offset-commit-success-percentage': number('Share of recent offset commits that succeeded, from 0 to 1.'),
      'offset-commit-failure-percentage': number('Share of recent offset commits that failed, from 0 to 1.'),
      'batch-size-max': number('Most records in a recent batch (a poll of a source, a put of a sink).'),
      'batch-size-avg': number('Average number of records in the recent batches.'),
      'connector-type': text('source or sink.'),
      'connector-class': text('Class of the connector.'),
      'connector-version': text('Version of the connector.'),
      'task-class': text('Class of the connector as well: tasks are made by it and have no class of their own.'),
      'task-version': text('Version of the connector.'),
      'key-converter-class': text("Class of the task's key converter."),
      'key-converter-version': text('Its version.'),
      'value-converter-class': text("Class of the task's value converter."),
      'value-converter-version': text('Its version.'),
      'header-converter-class': text("Class of the task's header converter."),
      'header-converter-version': text('Its version.'),
    },
  },
  {
    domain: 'connect',
    type: 'source-task-metrics',
    tags: task,
    summary: 'A task of a source connector.',
    attributes: {
      ...meter('source-record-poll', 'Records that the connector gave'),
      ...meter('source-record-write', 'Records stored in Kafka, after transforms,'),
      'poll-batch-max-time-ms': number('Longest time of a recent poll that gave records.'),
      'poll-batch-avg-time-ms': number('Average time of the recent polls that gave records.'),
      'source-record-active-count': number('Records that were polled and are not stored in Kafka yet.'),
      'source-record-active-count-max': number('Most of them at a time lately.'),
      'source-record-active-count-avg': number('Average of them lately.'),
    },
  },
  {
    domain: 'connect',
    type: 'sink-task-metrics',
    tags: task,
    summary: 'A task of a sink connector.',
    attributes: {
      ...meter('sink-record-read', 'Records read from Kafka'),
      ...meter('sink-record-send', 'Records given to the connector, after transforms,'),
      'put-batch-max-time-ms': number('Longest time of a recent put.'),
      'put-batch-avg-time-ms': number('Average time of the recent puts.'),
      'partition-count': number('Topic partitions assigned to the task.'),
      'offset-commit-seq-no': number('Number of the latest offset commit.'),
      ...meter('offset-commit-completion', 'Offset commits that succeeded'),
      ...meter('offset-commit-skip', 'Offset commits whose answer came when they had been given up'),
      'sink-record-active-count': number('Records that were read and whose offsets are not committed yet.'),
      'sink-record-active-count-max': number('Most of them at a time lately.'),
      'sink-record-active-count-avg': number('Average of them lately.'),
    },
  },
  {
    domain: 'connect',
    type: 'task-error-metrics',
    tags: task,
    summary: 'What went wrong with records of a task.',
    attributes: {
      'total-record-failures': number('Attempts to handle a record that failed.'),
      'total-record-errors': number('Records that could not be handled.'),
      'total-records-skipped': number('Records that were skipped because of errors.'),
      'total-retries': number('Attempts that were repeated.'),
      'total-errors-logged': number('Errors that were logged.'),
      'deadletterqueue-produce-requests': number('Records sent to the dead letter topic.'),
      'deadletterqueue-produce-failures': number('Those of them that could not be stored.'),
      'last-error-timestamp': number('When the last error happened, in milliseconds since 1970; 0 for never.'),
    },
  },
  {
    domain: 'connect',
    type: 'connector-transform-metrics',
    tags: ['connector', 'task', 'transform'],
    summary: "A transform in a task's chain.",
    attributes: {
      'transform-class': text('Class of the transform.'),
      'transform-version': text('Its version.'),
    },
  },
  {
    domain: 'connect',
    type: 'connector-predicate-metrics',
    tags: ['connector', 'task', 'predicate'],
    summary: 'A predicate of a task.',
    attributes: {
      'predicate-class': text('Class of the predicate.'),
      'predicate-version': text('Its version.'),
    },
  },
  {
    domain: 'connect',
    type: 'connect-metrics',
    tags: ['client-id'],
    summary: "The worker's own client: internal topics and group membership.",
    attributes: networkAttributes,
  },
  {
    domain: 'producer',
    type: 'producer-metrics',
    tags: ['client-id'],
    summary: 'The producer of a source task.',
    attributes: networkAttributes,
  },
  {
    domain: 'consumer',
    type: 'consumer-metrics',
    tags: ['client-id'],
    summary: 'The consumer of a sink task.',
    attributes: networkAttributes,
  },
  {
    domain: 'consumer',
    type: 'consumer-fetch-manager-metrics',
    tags: ['client-id'],
    summary: 'What the consumer of a sink task fetched.',
    attributes: {
      'records-lag-max': number(
        'How many records were left behind the last one read, in the partition where it was most, at recent fetches.',
      ),
      'records-consumed-rate': number('Records fetched per second.'),
      'records-consumed-total': number('Records fetched since the start.'),
      'bytes-consumed-rate': number('Bytes fetched per second, compressed as they are.'),
      'bytes-consumed-total': number('Bytes fetched since the start, compressed as they are.'),
    },
  },
  {
    domain: 'connect',
    type: 'app-info',
    tags: ['client-id'],
    summary: 'The program.',
    attributes: {
      version: text('The release of Kafka Connect whose API it has.'),
      'commit-id': text('`millrace-` and the version of Millrace.'),
      'start-time-ms': number('When the worker was started, in milliseconds since 1970.'),
    },
  },
]

/** What a JVM worker has beyond {@link metricDeclarations}. */
export const missingAttributes: readonly MissingAttribute[] = [
  {
    type: 'source-task-metrics',
    attributes: ['transaction-size-min', 'transaction-size-max', 'transaction-size-avg'],
    reason: 'Kafka Connect has them only for tasks with exactly-once support, which is not there yet.',
  },
  {
    type: 'sink-task-metrics',
    attributes: ['sink-record-lag-max'],
    reason: 'Declared by Kafka Connect, which never sets it.',
  },
  {
    type: 'connect-metrics',
    attributes: [
      'select-rate',
      'select-total',
      'io-wait-time-ns-avg',
      'io-wait-ratio',
      'io-wait-time-ns-total',
      'io-time-ns-avg',
      'io-ratio',
      'io-time-ns-total',
    ],
    reason: "They measure the Java client's network thread. See nodejs_eventloop_utilization instead.",
  },
  {
    type: 'connect-metrics',
    attributes: [
      'successful-reauthentication-rate',
      'successful-reauthentication-total',
      'failed-reauthentication-rate',
      'failed-reauthentication-total',
      'successful-authentication-no-reauth-total',
      'reauthentication-latency-avg',
      'reauthentication-latency-max',
    ],
    reason: 'The client does not authenticate anew on an open connection.',
  },
  {
    type: 'connect-node-metrics',
    attributes: ['(all)'],
    reason: 'The same figures broker by broker; the client keeps them for all brokers together.',
  },
]

const byKey = new Map(
  metricDeclarations.map((group) => [declarationKey(group.domain, group.type, group.tags), group] as const),
)

/** The declaration of a group, null for one that nobody declared. */
export function declarationOf(domain: MetricDomain, type: string, tags: readonly string[]): GroupDeclaration | null {
  return byKey.get(declarationKey(domain, type, tags)) ?? null
}

function declarationKey(domain: MetricDomain, type: string, tags: readonly string[]): string {
  return `${domain} ${type} ${tags.join(' ')}`
}
