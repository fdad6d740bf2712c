import { type ClientKind, clientKeys } from '../config-def/client-keys.ts'

const shared = [
  'bootstrap.servers',
  'client.id',
  'security.protocol',
  'request.timeout.ms',
  'default.api.timeout.ms',
  'retry.backoff.ms',
  'retry.backoff.max.ms',
  'reconnect.backoff.ms',
  'reconnect.backoff.max.ms',
  'socket.connection.setup.timeout.ms',
  'metadata.max.age.ms',
  'connections.max.idle.ms',
  'metrics.sample.window.ms',
  'metrics.num.samples',
]

/** The settings that clients of tasks read: see `tasks/client-settings.ts` and `tasks/sink-input.ts`. */
const effective: Readonly<Record<ClientKind, ReadonlySet<string>>> = {
  admin: new Set(shared),
  producer: new Set([
    ...shared,
    'acks',
    'batch.size',
    'buffer.memory',
    'compression.type',
    'delivery.timeout.ms',
    'enable.idempotence',
    'linger.ms',
    'max.block.ms',
    'max.in.flight.requests.per.connection',
    'max.request.size',
  ]),
  consumer: new Set([
    ...shared,
    'allow.auto.create.topics',
    'auto.offset.reset',
    'fetch.max.bytes',
    'fetch.max.wait.ms',
    'fetch.min.bytes',
    'group.id',
    'group.instance.id',
    'heartbeat.interval.ms',
    'isolation.level',
    'max.partition.fetch.bytes',
    'max.poll.interval.ms',
    'max.poll.records',
    'partition.assignment.strategy',
    'session.timeout.ms',
  ]),
}

const reasons: readonly (readonly [RegExp, string])[] = [
  [/^(?:ssl|sasl)\./, 'connections to brokers are PLAINTEXT'],
  [/^security\.providers$|\.class$|^interceptor\.classes$/, 'there are no Java classes here'],
  [/^(?:key|value)\.(?:de)?serializer$/, 'converters make the bytes'],
  [/^metric\.reporters$|^enable\.metrics\.push$/, 'metrics are read at /metrics of the REST server'],
  [
    /^(?:enable\.auto\.commit|auto\.commit\.interval\.ms)$/,
    'the worker commits offsets, every offset.flush.interval.ms',
  ],
  [/^client\.dns\.lookup$/, 'all addresses of a broker are tried in any case'],
]

export interface ClientNotice {
  /** Whether Kafka's client has this setting. */
  readonly isKnown: boolean
  /** Why it changes nothing, as the end of a sentence; null when it has an effect. */
  readonly withoutEffect: string | null
}

/** What is to be said of `producer.…`, `consumer.…` or `admin.…` of a worker, its clients' settings; null for other names. */
export function clientNotice(name: string): ClientNotice | null {
  const [, kind, setting] = /^(producer|consumer|admin)\.(?!listeners\b)(.+)$/.exec(name) ?? []
  if (kind === undefined || setting === undefined) return null
  const client = kind as ClientKind
  const isKnown = clientKeys[client].has(setting)
  if (!isKnown || effective[client].has(setting)) return { isKnown, withoutEffect: null }
  const reason = reasons.find(([pattern]) => pattern.test(setting))?.[1]
  return { isKnown, withoutEffect: reason ?? `the ${client} has no such setting here` }
}

/** All names that {@link clientNotice} knows. */
export function clientPropertyNames(): string[] {
  return Object.entries(clientKeys).flatMap(([client, keys]) => [...keys.keys()].map((name) => `${client}.${name}`))
}
