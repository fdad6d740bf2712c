import {
  atLeast,
  listWithoutRepeats,
  nonEmptyListWithoutRepeats,
  oneOf,
  oneOfIgnoringCase,
  optional,
} from '../config-def/validators.ts'
import { workerKey as key, type WorkerKey } from './worker-key.ts'

/** Properties of every worker, in a cluster or alone, without those of the REST server. */
export const sharedKeys: readonly WorkerKey[] = [
  key(
    'bootstrap.servers',
    'LIST',
    'localhost:9092',
    'HIGH',
    'Brokers to start from, as host:port, separated by commas.',
    { validator: nonEmptyListWithoutRepeats },
  ),
  key('client.dns.lookup', 'STRING', 'use_all_dns_ips', 'MEDIUM', 'How host names of brokers are looked up.', {
    validator: oneOf('use_all_dns_ips', 'resolve_canonical_bootstrap_servers_only'),
    withoutEffect: 'all addresses of a broker are tried in any case',
  }),
  key('key.converter', 'CLASS', undefined, 'HIGH', 'Converter of record keys, for connectors that name none.'),
  key('key.converter.plugin.version', 'STRING', null, 'LOW', 'Version of the key converter: exact, or a range.'),
  key('value.converter', 'CLASS', undefined, 'HIGH', 'Converter of record values, for connectors that name none.'),
  key('value.converter.plugin.version', 'STRING', null, 'LOW', 'Version of the value converter: exact, or a range.'),
  key(
    'header.converter',
    'CLASS',
    'org.apache.kafka.connect.storage.SimpleHeaderConverter',
    'LOW',
    'Converter of record headers, for connectors that name none.',
  ),
  key('header.converter.plugin.version', 'STRING', null, 'LOW', 'Version of the header converter: exact, or a range.'),
  key('task.shutdown.graceful.timeout.ms', 'LONG', '5000', 'LOW', 'Time for tasks to stop, all together.', {
    validator: atLeast(0),
  }),
  key('offset.flush.interval.ms', 'LONG', '60000', 'LOW', 'Pause between offset commits.', { validator: atLeast(0) }),
  key('offset.flush.timeout.ms', 'LONG', '5000', 'LOW', 'Time for an offset commit.', { validator: atLeast(0) }),
  key(
    'plugin.path',
    'LIST',
    null,
    'LOW',
    'Modules with plugins, folders of such modules, and npm packages, separated by commas.',
    { validator: optional(listWithoutRepeats) },
  ),
  key('plugin.discovery', 'STRING', 'hybrid_warn', 'LOW', 'How Java plugins are looked for.', {
    validator: oneOfIgnoringCase('only_scan', 'hybrid_warn', 'hybrid_fail', 'service_load'),
    withoutEffect: 'plugins are modules, which are found in one way only',
  }),
  key('metrics.sample.window.ms', 'LONG', '30000', 'LOW', 'Time that one sample of a rate or an average covers.', {
    validator: atLeast(0),
  }),
  key('metrics.num.samples', 'INT', '2', 'LOW', 'Number of samples that a rate or an average is made of.', {
    validator: atLeast(1),
  }),
  key('metrics.recording.level', 'STRING', 'INFO', 'LOW', 'Which metrics are recorded: INFO, or DEBUG as well.', {
    validator: oneOf('INFO', 'DEBUG'),
    withoutEffect: 'all metrics are recorded',
  }),
  key('metric.reporters', 'LIST', 'org.apache.kafka.common.metrics.JmxReporter', 'LOW', 'Java classes of reporters.', {
    validator: listWithoutRepeats,
    withoutEffect: 'metrics are read at /metrics of the REST server',
  }),
  key('config.providers', 'LIST', '', 'LOW', 'Aliases of configuration providers.', { validator: listWithoutRepeats }),
  key(
    'connector.client.config.override.policy',
    'STRING',
    'All',
    'MEDIUM',
    'Which client settings connectors may override: All, None, Principal, Allowlist, or the class of a policy.',
  ),
  key('connector.client.config.override.allowlist', 'LIST', '', 'MEDIUM', 'What the policy Allowlist lets through.', {
    validator: listWithoutRepeats,
  }),
  key('topic.creation.enable', 'BOOLEAN', 'true', 'LOW', 'Whether source connectors may have their topics created.'),
  key('topic.tracking.enable', 'BOOLEAN', 'true', 'LOW', 'Whether topics that connectors use are recorded.'),
  key('topic.tracking.allow.reset', 'BOOLEAN', 'true', 'LOW', 'Whether the recorded topics may be reset over REST.'),
]

/** Millrace's own properties, of the threads that tasks run in; read by `threads/thread-settings.ts`. */
export const threadKeys: readonly WorkerKey[] = [
  key('task.threads', 'INT', null, 'MEDIUM', 'Most task threads; default one for each core.', {
    validator: optional(atLeast(1)),
  }),
  key('task.thread.unresponsive.ms', 'INT', '10000', 'MEDIUM', 'A thread that is silent for this long is replaced.', {
    validator: atLeast(100),
  }),
  key('task.thread.max.heap.mb', 'INT', null, 'LOW', "Heap and buffers of a thread; default half of Node.js' limit.", {
    validator: optional(atLeast(16)),
  }),
  key('plugin.call.timeout.ms', 'INT', '60000', 'MEDIUM', 'Time that start, validation and the like may take.', {
    validator: atLeast(1),
  }),
  key('task.progress.timeout.ms', 'INT', '300000', 'LOW', 'A running task that does not move for this long is named.', {
    validator: atLeast(0),
  }),
]
