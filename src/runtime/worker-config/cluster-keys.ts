import type { ParsedValue } from '../config-def/key.ts'
import { invalidValue } from '../config-def/parse.ts'
import { atLeast, brokerDefaultOrPositive, oneOf, oneOfIgnoringCase, optional } from '../config-def/validators.ts'
import { workerKey as key, type WorkerKey } from './worker-key.ts'

/** What signs and checks internal requests: names of Java's HMAC algorithms that Node.js has as well. */
const hmacName = /^Hmac(?:MD5|SHA(?:1|224|256|384|512|512\/224|512\/256|3-224|3-256|3-384|3-512))$/i

function hmac(value: ParsedValue, name: string): string | null {
  return hmacName.test(String(value))
    ? null
    : invalidValue(value, name, 'Unknown algorithm; HmacSHA256 is the usual one')
}

function hmacList(value: ParsedValue, name: string): string | null {
  const list = (value ?? []) as readonly string[]
  if (list.length === 0) return invalidValue(value, name, 'At least one algorithm is needed, e.g. HmacSHA256')
  const wrong = list.find((item) => !hmacName.test(item))
  return wrong === undefined ? null : hmac(wrong, name)
}

/** Properties of workers that form a cluster. */
export const clusterKeys: readonly WorkerKey[] = [
  key('group.id', 'STRING', undefined, 'HIGH', 'Names the cluster of workers that this one belongs to.'),
  key('session.timeout.ms', 'INT', '10000', 'HIGH', 'A worker that is silent for this long is taken for dead.', {
    validator: atLeast(1),
  }),
  key('heartbeat.interval.ms', 'INT', '3000', 'HIGH', 'Pause between heartbeats to the group coordinator.', {
    validator: atLeast(1),
  }),
  key(
    'rebalance.timeout.ms',
    'INT',
    '60000',
    'HIGH',
    'Time that a worker has to join a rebalance. One that hangs for longer leaves the group until it does not any more.',
    { validator: atLeast(1) },
  ),
  key('exactly.once.source.support', 'STRING', 'disabled', 'HIGH', 'Exactly-once for source connectors.', {
    validator: oneOfIgnoringCase('disabled', 'preparing', 'enabled'),
  }),
  key('config.storage.topic', 'STRING', undefined, 'HIGH', 'Topic that keeps connector configurations.'),
  key('offset.storage.topic', 'STRING', undefined, 'HIGH', 'Topic that keeps source offsets.'),
  key('status.storage.topic', 'STRING', undefined, 'HIGH', 'Topic that keeps connector and task statuses.'),
  key('config.storage.replication.factor', 'SHORT', '3', 'LOW', 'Replication factor of the configuration topic.', {
    validator: brokerDefaultOrPositive,
  }),
  key('offset.storage.replication.factor', 'SHORT', '3', 'LOW', 'Replication factor of the offsets topic.', {
    validator: brokerDefaultOrPositive,
  }),
  key('status.storage.replication.factor', 'SHORT', '3', 'LOW', 'Replication factor of the status topic.', {
    validator: brokerDefaultOrPositive,
  }),
  key('offset.storage.partitions', 'INT', '25', 'LOW', 'Partitions of the offsets topic.', {
    validator: brokerDefaultOrPositive,
  }),
  key('status.storage.partitions', 'INT', '5', 'LOW', 'Partitions of the status topic.', {
    validator: brokerDefaultOrPositive,
  }),
  key(
    'max.request.size',
    'INT',
    '1048576',
    'MEDIUM',
    'Most bytes of a record in these topics, as of a configuration.',
    {
      validator: atLeast(0),
    },
  ),
  key('connect.protocol', 'STRING', 'sessioned', 'LOW', 'Newest group protocol to offer.', {
    validator: oneOf('eager', 'compatible', 'sessioned'),
  }),
  key(
    'scheduled.rebalance.max.delay.ms',
    'INT',
    '300000',
    'LOW',
    'How long work of a departed worker waits for its return.',
    { validator: atLeast(0) },
  ),
  key('worker.sync.timeout.ms', 'INT', '3000', 'MEDIUM', 'Time to catch up with the configuration topic.', {
    validator: atLeast(0),
  }),
  key('worker.unsync.backoff.ms', 'INT', '300000', 'MEDIUM', 'Pause out of the group after failing to catch up.', {
    validator: atLeast(0),
  }),
  key('inter.worker.key.generation.algorithm', 'STRING', 'HmacSHA256', 'LOW', 'Algorithm of the session key.', {
    validator: hmac,
  }),
  key('inter.worker.key.size', 'INT', null, 'LOW', "Size of the session key in bits; default the algorithm's own.", {
    validator: optional(atLeast(40)),
  }),
  key('inter.worker.key.ttl.ms', 'INT', '3600000', 'LOW', 'Age at which the session key is replaced.', {
    validator: atLeast(0),
  }),
  key('inter.worker.signature.algorithm', 'STRING', 'HmacSHA256', 'LOW', 'Algorithm that signs internal requests.', {
    validator: hmac,
  }),
  key(
    'inter.worker.verification.algorithms',
    'LIST',
    'HmacSHA256',
    'LOW',
    'Algorithms accepted on internal requests.',
    {
      validator: hmacList,
    },
  ),
]
