import { between, type ConfigDefinition, define, listOf, oneOf } from './definition.ts'

const LONG_MAX = '9223372036854775807'
const INT_MAX = 2147483647
const without = { effect: false }
const dynamicWithout = { dynamic: true, effect: false }
const atLeast = (minimum: number) => ({ check: between(minimum) })

const network: readonly ConfigDefinition[] = [
  define(
    'listeners',
    'list',
    'PLAINTEXT://127.0.0.1:9092',
    'Addresses to listen on: NAME://host:port, port 0 = any free one.',
  ),
  define(
    'advertised.listeners',
    'list',
    null,
    'Addresses that clients are told to use; by default those of listeners.',
  ),
  define('listener.security.protocol.map', 'list', 'PLAINTEXT:PLAINTEXT', 'Security protocol of each listener name.'),
  define('inter.broker.listener.name', 'string', null, 'One node has no traffic between brokers.', without),
  define('security.inter.broker.protocol', 'string', 'PLAINTEXT', 'One node has no traffic between brokers.', without),
  define('controller.listener.names', 'list', null, 'This broker has no controller listener.', without),
  define('controller.quorum.voters', 'list', '', 'One node needs no quorum.', without),
  define('controller.quorum.bootstrap.servers', 'list', '', 'One node needs no quorum.', without),
  define('process.roles', 'list', 'broker,controller', 'This process is always both.', without),
  define('socket.request.max.bytes', 'int', 104857600, 'Largest request, in bytes.', atLeast(1)),
  define('socket.send.buffer.bytes', 'int', 102400, 'The operating system decides.', without),
  define('socket.receive.buffer.bytes', 'int', 102400, 'The operating system decides.', without),
  define('socket.listen.backlog.size', 'int', 50, 'Connections that wait to be accepted.', atLeast(1)),
  define(
    'queued.max.request.bytes',
    'long',
    -1,
    'Bytes of requests in progress above which large ones wait; -1 = twice socket.request.max.bytes.',
  ),
  define('queued.max.requests', 'int', 500, 'Requests are not queued by count.', without),
  define('connections.max.idle.ms', 'long', 600000, 'Idle time after which a connection is closed; -1 = never.'),
  define('connections.max.reauth.ms', 'long', 0, 'Needs SASL.', without),
  define('max.connections', 'int', INT_MAX, 'Connections at one time.', atLeast(0)),
  define('max.connections.per.ip', 'int', INT_MAX, 'Connections at one time from one address.', atLeast(0)),
  define('max.connection.creation.rate', 'int', INT_MAX, 'Not limited.', without),
  define('num.network.threads', 'int', 3, 'The broker runs in one thread.', dynamicWithout),
  define('num.io.threads', 'int', 8, 'The broker runs in one thread.', dynamicWithout),
  define('background.threads', 'int', 10, 'The broker runs in one thread.', dynamicWithout),
  define('request.timeout.ms', 'int', 30000, 'Only for requests between brokers.', without),
]

const cluster: readonly ConfigDefinition[] = [
  define('node.id', 'int', 0, 'Number of this broker; broker.id is the same.', atLeast(0)),
  define('broker.id', 'int', 0, 'Number of this broker; node.id is the same.', atLeast(-1)),
  define('broker.rack', 'string', null, 'Rack that clients are told.'),
  define('log.dir', 'string', '/tmp/kafka-logs', 'One folder for the data; log.dirs goes first.'),
  define('log.dirs', 'list', null, 'Folders for the data.'),
  define('metadata.log.dir', 'string', null, 'Topics are kept in the first folder of log.dirs.', without),
  define('num.partitions', 'int', 1, 'Partitions of a topic that is made without a count.', atLeast(1)),
  define('default.replication.factor', 'int', 1, 'One node keeps one replica.', { effect: false, check: between(1) }),
  define('auto.create.topics.enable', 'boolean', true, 'Make a topic when a client asks for it by name.'),
  define('delete.topic.enable', 'boolean', true, 'Allow topics to be deleted.'),
  define('min.insync.replicas', 'int', 1, 'One node keeps one replica.', { ...dynamicWithout, check: between(1) }),
  define(
    'max.request.partition.size.limit',
    'int',
    2000,
    'Most partitions in a DescribeTopicPartitions answer.',
    atLeast(1),
  ),
  define('unclean.leader.election.enable', 'boolean', false, 'One node has no elections.', dynamicWithout),
  define('auto.leader.rebalance.enable', 'boolean', true, 'One node has no elections.', without),
  define('leader.imbalance.check.interval.seconds', 'long', 300, 'One node has no elections.', without),
  define('replica.lag.time.max.ms', 'long', 30000, 'One node has no followers.', without),
  define('replica.fetch.max.bytes', 'int', 1048576, 'One node has no followers.', without),
  define('num.replica.fetchers', 'int', 1, 'One node has no followers.', dynamicWithout),
  define('message.max.bytes', 'int', 1048588, 'Largest record batch, in bytes.', { dynamic: true, check: between(0) }),
  define('fetch.max.bytes', 'int', 57671680, 'Largest Fetch answer, in bytes.', atLeast(1024)),
  define('max.incremental.fetch.session.cache.slots', 'int', 1000, 'Fetch sessions are not kept.', without),
  define('controlled.shutdown.enable', 'boolean', true, 'One node hands over to nobody.', without),
  define('authorizer.class.name', 'string', '', 'Access control is not offered.', without),
  define('super.users', 'string', null, 'Access control is not offered.', without),
]

const log: readonly ConfigDefinition[] = [
  define('compression.type', 'string', 'producer', 'Codec of stored batches.', {
    dynamic: true,
    check: oneOf('producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'),
  }),
  define('compression.gzip.level', 'int', -1, 'Level of gzip.', dynamicWithout),
  define('compression.lz4.level', 'int', 9, 'Level of lz4.', dynamicWithout),
  define('compression.zstd.level', 'int', 3, 'Level of zstd.', dynamicWithout),
  define('log.cleanup.policy', 'list', 'delete', 'Default of cleanup.policy.', {
    dynamic: true,
    check: listOf('delete', 'compact'),
  }),
  define('log.segment.bytes', 'int', 1073741824, 'Default of segment.bytes.', { dynamic: true, check: between(14) }),
  define('log.roll.ms', 'long', null, 'Default of segment.ms.', { dynamic: true, check: between(1) }),
  define('log.roll.hours', 'int', 168, 'Default of segment.ms, in hours.', atLeast(1)),
  define('log.roll.jitter.ms', 'long', null, 'Default of segment.jitter.ms.', { dynamic: true, check: between(0) }),
  define('log.roll.jitter.hours', 'int', 0, 'Default of segment.jitter.ms, in hours.', atLeast(0)),
  define('log.retention.ms', 'long', null, 'Default of retention.ms.', { dynamic: true, check: between(-1) }),
  define('log.retention.minutes', 'int', null, 'Default of retention.ms, in minutes.', atLeast(-1)),
  define('log.retention.hours', 'int', 168, 'Default of retention.ms, in hours.', atLeast(-1)),
  define('log.retention.bytes', 'long', -1, 'Default of retention.bytes.', { dynamic: true, check: between(-1) }),
  define('log.retention.check.interval.ms', 'long', 300000, 'Time between two looks for old segments.', atLeast(1)),
  define('log.index.interval.bytes', 'int', 4096, 'Default of index.interval.bytes.', {
    dynamic: true,
    check: between(0),
  }),
  define('log.index.size.max.bytes', 'int', 10485760, 'Default of segment.index.bytes.', {
    dynamic: true,
    check: between(4),
  }),
  define('log.segment.delete.delay.ms', 'long', 60000, 'Default of file.delete.delay.ms.', {
    dynamic: true,
    check: between(0),
  }),
  define('log.flush.interval.messages', 'long', LONG_MAX, 'Default of flush.messages.', dynamicWithout),
  define('log.flush.interval.ms', 'long', null, 'Default of flush.ms.', dynamicWithout),
  define('log.flush.scheduler.interval.ms', 'long', LONG_MAX, 'Default of flush.ms.', without),
  define(
    'log.flush.offset.checkpoint.interval.ms',
    'int',
    60000,
    'Time between two writes of the recovery points.',
    atLeast(0),
  ),
  define(
    'log.flush.start.offset.checkpoint.interval.ms',
    'int',
    60000,
    'Time between two writes of the log starts.',
    without,
  ),
  define('log.preallocate', 'boolean', false, 'Default of preallocate.', dynamicWithout),
  define('log.message.timestamp.type', 'string', 'CreateTime', 'Default of message.timestamp.type.', {
    dynamic: true,
    check: oneOf('CreateTime', 'LogAppendTime'),
  }),
  define('log.message.timestamp.before.max.ms', 'long', LONG_MAX, 'Default of message.timestamp.before.max.ms.', {
    dynamic: true,
    check: between(0),
  }),
  define('log.message.timestamp.after.max.ms', 'long', 3600000, 'Default of message.timestamp.after.max.ms.', {
    dynamic: true,
    check: between(0),
  }),
  define('log.cleaner.enable', 'boolean', true, 'Compact topics with cleanup.policy=compact.'),
  define('log.cleaner.threads', 'int', 1, 'The cleaner has one thread.', dynamicWithout),
  define('log.cleaner.backoff.ms', 'long', 15000, 'Pause of the cleaner when there is nothing to do.', atLeast(0)),
  define('log.cleaner.dedupe.buffer.size', 'long', 134217728, 'The key map grows as it needs to.', dynamicWithout),
  define('log.cleaner.io.buffer.size', 'int', 524288, 'Buffers are sized by need.', dynamicWithout),
  define('log.cleaner.io.buffer.load.factor', 'double', 0.9, 'The key map grows as it needs to.', dynamicWithout),
  define('log.cleaner.io.max.bytes.per.second', 'double', '1.7976931348623157E308', 'Not limited.', dynamicWithout),
  define('log.cleaner.delete.retention.ms', 'long', 86400000, 'Default of delete.retention.ms.', {
    dynamic: true,
    check: between(0),
  }),
  define('log.cleaner.min.cleanable.ratio', 'double', 0.5, 'Default of min.cleanable.dirty.ratio.', {
    dynamic: true,
    check: between(0, 1),
  }),
  define('log.cleaner.min.compaction.lag.ms', 'long', 0, 'Default of min.compaction.lag.ms.', {
    dynamic: true,
    check: between(0),
  }),
  define('log.cleaner.max.compaction.lag.ms', 'long', LONG_MAX, 'Default of max.compaction.lag.ms.', {
    dynamic: true,
    check: between(1),
  }),
  define('num.recovery.threads.per.data.dir', 'int', 2, 'Recovery runs in one thread.', dynamicWithout),
  define('producer.id.expiration.ms', 'int', 86400000, 'Time after which an idle producer is forgotten.', atLeast(1)),
  define(
    'producer.id.expiration.check.interval.ms',
    'int',
    600000,
    'Time between two looks for idle producers.',
    atLeast(1),
  ),
]

const groups: readonly ConfigDefinition[] = [
  define(
    'group.initial.rebalance.delay.ms',
    'int',
    3000,
    'How long the first rebalance of an empty group waits for members.',
    atLeast(0),
  ),
  define(
    'group.min.session.timeout.ms',
    'int',
    6000,
    'Shortest session timeout that a member may ask for.',
    atLeast(1),
  ),
  define(
    'group.max.session.timeout.ms',
    'int',
    1800000,
    'Longest session timeout that a member may ask for.',
    atLeast(1),
  ),
  define('group.max.size', 'int', INT_MAX, 'Most members of a group.', atLeast(1)),
  define('group.coordinator.rebalance.protocols', 'list', 'classic', 'Group protocols that are served: classic only.', {
    effect: false,
  }),
  define('offset.metadata.max.bytes', 'int', 4096, 'Longest text that may be committed with an offset.', atLeast(0)),
  define('offsets.retention.minutes', 'int', 10080, 'How long offsets of an empty group are kept.', atLeast(1)),
  define(
    'offsets.retention.check.interval.ms',
    'long',
    600000,
    'Time between two looks for expired offsets.',
    atLeast(1),
  ),
  define(
    'offsets.topic.num.partitions',
    'int',
    50,
    'Partitions of __consumer_offsets; fixed once it exists.',
    atLeast(1),
  ),
  define('offsets.topic.replication.factor', 'short', 1, 'One node keeps one replica.', without),
  define('offsets.topic.segment.bytes', 'int', 104857600, 'segment.bytes of __consumer_offsets.', atLeast(1)),
  define('offsets.topic.compression.codec', 'int', 0, 'Offsets are stored uncompressed.', without),
  define('offsets.commit.timeout.ms', 'int', 5000, 'One node waits for no replicas.', without),
  define(
    'offsets.load.buffer.size',
    'int',
    5242880,
    'Bytes that are read at once when groups are loaded.',
    atLeast(1024),
  ),
]

const transactions: readonly ConfigDefinition[] = [
  define('transaction.max.timeout.ms', 'int', 900000, 'Transactions are not served yet.', without),
  define('transaction.state.log.num.partitions', 'int', 50, 'Transactions are not served yet.', without),
  define('transaction.state.log.replication.factor', 'short', 1, 'Transactions are not served yet.', without),
  define('transaction.state.log.min.isr', 'int', 1, 'Transactions are not served yet.', without),
  define('transaction.state.log.segment.bytes', 'int', 104857600, 'Transactions are not served yet.', without),
  define('transactional.id.expiration.ms', 'int', 604800000, 'Transactions are not served yet.', without),
  define('transaction.partition.verification.enable', 'boolean', true, 'Transactions are not served yet.', without),
]

/** Every broker setting that this broker reads or reports (kafka-broker §6.2), in alphabetical order. */
export const brokerDefinitions: readonly ConfigDefinition[] = [
  ...network,
  ...cluster,
  ...log,
  ...groups,
  ...transactions,
].sort((a, b) => (a.name < b.name ? -1 : 1))

const byName = new Map(brokerDefinitions.map((definition) => [definition.name, definition]))

/** The definition of a broker setting, or undefined if this broker knows none of that name. */
export function brokerDefinition(name: string): ConfigDefinition | undefined {
  return byName.get(name)
}
