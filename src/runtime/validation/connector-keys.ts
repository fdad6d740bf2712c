import { type ConfigKey, key, type KeyOptions, type Validator } from '../config-def/key.ts'
import {
  atLeast,
  listWithoutRepeats,
  nonEmptyString,
  nonEmptyWithoutControlCharacters,
  oneOf,
  oneOfIgnoringCase,
  optional,
  regularExpression,
  uniqueAliases,
} from '../config-def/validators.ts'
import { VersionRange, VersionRangeError } from '../plugins/version-range.ts'

const COMMON = 'Common'
const ERRORS = 'Error Handling'
const TOPIC_CREATION = 'Topic Creation'
const EXACTLY_ONCE = 'Exactly Once Support'

type Placement = Required<Pick<KeyOptions, 'group' | 'order' | 'width' | 'displayName'>>

function at(group: string, order: number, width: 'NONE' | 'SHORT' | 'MEDIUM' | 'LONG', displayName: string): Placement {
  return { group, order, width, displayName }
}

/** What is shown of a plugin that a connector or its worker names: the default, its version, and what else there is. */
export interface PluginDefault {
  /** Class that is taken when none is set; null for none. */
  readonly class: string | null
  /** Version that is taken when none is set; null when there is no such class. */
  readonly version: string | null
  readonly classes: readonly string[]
  readonly versions: readonly string[]
}

export interface FrameworkDefaults {
  readonly connector: Pick<PluginDefault, 'version' | 'versions'>
  readonly key: PluginDefault
  readonly value: PluginDefault
  readonly header: PluginDefault
}

const noPluginDefault: PluginDefault = {
  class: null,
  version: null,
  classes: [],
  versions: [],
}

/** What is shown where no worker and no connector is known. */
export const noConverterDefaults: FrameworkDefaults = {
  connector: noPluginDefault,
  key: noPluginDefault,
  value: noPluginDefault,
  header: noPluginDefault,
}

/** Exact, a Maven range, or `latest`. */
const versionRequirement: Validator = (value) => {
  try {
    VersionRange.parse(value as string | null)
    return null
  } catch (error) {
    if (error instanceof VersionRangeError) return error.message
    throw error
  }
}

function converterKeys(kind: 'key' | 'value' | 'header', order: number, shown: PluginDefault): ConfigKey[] {
  const title = { key: 'Key', value: 'Value', header: 'Header' }[kind]
  return [
    key(
      `${kind}.converter`,
      'CLASS',
      shown.class,
      'LOW',
      `Converter for record ${kind === 'header' ? 'headers' : `${kind}s`}; the worker's own unless set. ` +
        `Settings of a converter that is set here are those under ${kind}.converter.* of the connector.`,
      { ...at(COMMON, order, 'SHORT', `${title} converter class`), recommendedValues: shown.classes },
    ),
    key(`${kind}.converter.plugin.version`, 'STRING', shown.version, 'LOW', `Version of the ${kind} converter.`, {
      ...at(COMMON, order + 1, 'SHORT', `${title} converter version`),
      recommendedValues: shown.versions,
      validator: versionRequirement,
    }),
  ]
}

/** What every connector has, in Kafka Connect's order. */
export function commonKeys(defaults: FrameworkDefaults): ConfigKey[] {
  return [
    key('name', 'STRING', undefined, 'HIGH', 'Globally unique name to use for this connector.', {
      ...at(COMMON, 1, 'MEDIUM', 'Connector name'),
      validator: nonEmptyWithoutControlCharacters,
    }),
    key(
      'connector.class',
      'STRING',
      undefined,
      'HIGH',
      'Class of the connector: its full name, or its simple name with or without "Connector" at the end.',
      at(COMMON, 2, 'LONG', 'Connector class'),
    ),
    key('connector.plugin.version', 'STRING', defaults.connector.version, 'MEDIUM', 'Version of the connector.', {
      ...at(COMMON, 3, 'MEDIUM', 'Connector version'),
      recommendedValues: defaults.connector.versions,
      validator: versionRequirement,
    }),
    key('tasks.max', 'INT', '1', 'HIGH', 'Maximum number of tasks to use for this connector.', {
      ...at(COMMON, 4, 'SHORT', 'Tasks max'),
      validator: atLeast(1),
    }),
    key(
      'tasks.max.enforce',
      'BOOLEAN',
      'true',
      'LOW',
      'Whether a connector that generates more tasks than tasks.max fails.',
      at(COMMON, 5, 'SHORT', 'Enforce tasks max'),
    ),
    ...converterKeys('key', 6, defaults.key),
    ...converterKeys('value', 8, defaults.value),
    ...converterKeys('header', 10, defaults.header),
    key('transforms', 'LIST', '', 'LOW', 'Aliases for the transformations to be applied to records.', {
      ...at('Transforms', 12, 'LONG', 'Transforms'),
      validator: uniqueAliases,
    }),
    key('predicates', 'LIST', '', 'LOW', 'Aliases for the predicates used by transformations.', {
      ...at('Predicates', 13, 'LONG', 'Predicates'),
      validator: uniqueAliases,
    }),
    key(
      'config.action.reload',
      'STRING',
      'restart',
      'LOW',
      'What to do when a configuration provider says that a value has expired: none or restart.',
      { ...at(COMMON, 14, 'MEDIUM', 'Reload Action'), validator: oneOf('none', 'restart') },
    ),
    key(
      'errors.retry.timeout',
      'LONG',
      '0',
      'MEDIUM',
      'Milliseconds for which a failed operation is tried again; 0 for no retries, -1 for ever.',
      at(ERRORS, 1, 'MEDIUM', 'Retry Timeout for Errors'),
    ),
    key(
      'errors.retry.delay.max.ms',
      'LONG',
      '60000',
      'MEDIUM',
      'Longest pause between two tries, in milliseconds.',
      at(ERRORS, 2, 'MEDIUM', 'Maximum Delay Between Retries for Errors'),
    ),
    key(
      'errors.tolerance',
      'STRING',
      'none',
      'MEDIUM',
      'none: a record that cannot be handled fails the task; all: such records are skipped.',
      { ...at(ERRORS, 3, 'SHORT', 'Error Tolerance'), validator: oneOf('none', 'all') },
    ),
    key(
      'errors.log.enable',
      'BOOLEAN',
      'false',
      'MEDIUM',
      'Whether each error is logged together with the operation that failed.',
      at(ERRORS, 4, 'SHORT', 'Log Errors'),
    ),
    key(
      'errors.log.include.messages',
      'BOOLEAN',
      'false',
      'MEDIUM',
      'Whether the log tells which record failed: topic, partition, offset and timestamp.',
      at(ERRORS, 5, 'SHORT', 'Log Error Details'),
    ),
  ]
}

export const sourceKeys: readonly ConfigKey[] = [
  key('topic.creation.groups', 'LIST', '', 'LOW', 'Groups of topics that the connector may create.', {
    ...at(TOPIC_CREATION, 1, 'LONG', 'Topic Creation Groups'),
    validator: uniqueAliases,
  }),
  key(
    'exactly.once.support',
    'STRING',
    'requested',
    'MEDIUM',
    'required: fail unless the connector can give exactly-once; requested: take what there is.',
    {
      ...at(EXACTLY_ONCE, 2, 'SHORT', 'Exactly once support'),
      validator: oneOfIgnoringCase('REQUIRED', 'REQUESTED'),
    },
  ),
  key('transaction.boundary', 'STRING', 'poll', 'MEDIUM', 'What makes up a transaction: poll, interval or connector.', {
    ...at(EXACTLY_ONCE, 3, 'SHORT', 'Transaction Boundary'),
    validator: oneOfIgnoringCase('INTERVAL', 'POLL', 'CONNECTOR'),
  }),
  key(
    'transaction.boundary.interval.ms',
    'LONG',
    null,
    'LOW',
    'Milliseconds between commits when transaction.boundary is interval; default offset.flush.interval.ms of the worker.',
    { ...at(EXACTLY_ONCE, 4, 'SHORT', 'Transaction boundary interval'), validator: optional(atLeast(0)) },
  ),
  key(
    'offsets.storage.topic',
    'STRING',
    null,
    'LOW',
    "Topic for this connector's offsets, on the cluster of its producer and made when it is missing; the worker's topic gets a copy. Unless set, the worker's topic alone.",
    {
      ...at('offsets.topic', 1, 'LONG', 'Offsets topic'),
      validator: nonEmptyString,
    },
  ),
]

/** Those of Kafka Connect's sinks; with us sources take them too, where they are shown only when they are set. */
export const deadLetterKeys: readonly ConfigKey[] = [
  key(
    'errors.deadletterqueue.topic.name',
    'STRING',
    '',
    'MEDIUM',
    'Topic for records that could not be handled; none when empty.',
    at(ERRORS, 6, 'MEDIUM', 'Dead Letter Queue Topic Name'),
  ),
  key(
    'errors.deadletterqueue.topic.replication.factor',
    'SHORT',
    '3',
    'MEDIUM',
    'Replication factor of the dead letter topic when it is created.',
    at(ERRORS, 7, 'MEDIUM', 'Dead Letter Queue Topic Replication Factor'),
  ),
  key(
    'errors.deadletterqueue.context.headers.enable',
    'BOOLEAN',
    'false',
    'MEDIUM',
    'Whether dead letters get headers that tell what went wrong.',
    at(ERRORS, 8, 'MEDIUM', 'Enable Error Context Headers'),
  ),
]

export const sinkKeys: readonly ConfigKey[] = [
  key('topics', 'LIST', '', 'HIGH', 'Topics to consume, separated by commas.', {
    ...at(COMMON, 4, 'LONG', 'Topics'),
    validator: listWithoutRepeats,
  }),
  key('topics.regex', 'STRING', '', 'HIGH', 'Regular expression for the names of topics to consume.', {
    ...at(COMMON, 4, 'LONG', 'Topics regex'),
    validator: regularExpression,
  }),
  ...deadLetterKeys,
]
