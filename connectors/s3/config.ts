import { type ConfigValueErrors, classRef, config, long, password, type PropsOf, Type, list } from 'millrace/connect'
import { compilePathFormat } from './partition/joda-format.ts'
import { isTimeZone } from './partition/time-zone.ts'

const FORMATS = 'io.confluent.connect.s3.format'
const PARTITIONERS = 'io.confluent.connect.storage.partitioner'
export const JSON_FORMAT = `${FORMATS}.json.JsonFormat`
export const BYTE_ARRAY_FORMAT = `${FORMATS}.bytearray.ByteArrayFormat`
export const DEFAULT_PARTITIONER = `${PARTITIONERS}.DefaultPartitioner`
export const FIELD_PARTITIONER = `${PARTITIONERS}.FieldPartitioner`
export const TIME_PARTITIONER = `${PARTITIONERS}.TimeBasedPartitioner`
export const DAILY_PARTITIONER = `${PARTITIONERS}.DailyPartitioner`
export const HOURLY_PARTITIONER = `${PARTITIONERS}.HourlyPartitioner`

const MIN_PART_SIZE = 5 * 1024 * 1024
const MAX_INT = 2 ** 31 - 1
/** Long.MAX_VALUE as the nearest double: upstream's "no limit". */
const UNLIMITED = 2 ** 63

const CANNED_ACLS = [
  'private',
  'public-read',
  'public-read-write',
  'authenticated-read',
  'bucket-owner-read',
  'bucket-owner-full-control',
  'aws-exec-read',
] as const

/** For settings of the Confluent connector that exist here with one value only: anything else is refused, never ignored. */
function only<T>(supported: T | readonly T[], instead: string): (value: T) => string | undefined {
  const allowed = Array.isArray(supported) ? (supported as readonly T[]) : [supported as T]
  return (value) => (allowed.includes(value) ? undefined : `Not supported yet by this connector: ${instead}`)
}

const storage = { group: 'Storage' } as const
const s3 = { group: 'S3' } as const
const connector = { group: 'Connector' } as const
const partitioner = { group: 'Partitioner' } as const

const keys = {
  's3.bucket.name': Type.String({
    ...s3,
    importance: 'high',
    width: 'long',
    displayName: 'S3 Bucket',
    minLength: 1,
    description: 'Bucket that takes the objects; it must exist. With a `file://` store: a folder in that folder.',
  }),
  's3.region': Type.String({
    ...s3,
    default: 'us-west-2',
    width: 'long',
    displayName: 'AWS region',
    description: 'Region of the bucket; also signed into requests to other S3-compatible stores.',
  }),
  'store.url': Type.String({
    ...storage,
    default: null,
    importance: 'high',
    width: 'medium',
    displayName: 'Store URL',
    description:
      'Address of an S3-compatible store, `https://` unless it says otherwise, or `file:///folder` for the local folder store. Without it: Amazon S3.',
    check: checkStoreUrl,
  }),
  's3.path.style.access.enabled': Type.Boolean({
    ...s3,
    default: true,
    importance: 'low',
    displayName: 'Enable Path Style Access to S3',
    description: 'Put the bucket into the path of request addresses instead of the host name.',
  }),
  's3.wan.mode': Type.Boolean({
    ...s3,
    default: false,
    displayName: 'Use an S3 accelerated endpoint',
    description: "Use S3's accelerated endpoint. Needs `s3.path.style.access.enabled=false`.",
  }),
  's3.part.size': Type.Integer({
    ...s3,
    default: 25 * 1024 * 1024,
    minimum: MIN_PART_SIZE,
    maximum: MAX_INT,
    importance: 'high',
    displayName: 'S3 Part Size',
    description: 'Bytes after which a part of a multipart upload is sent. Smaller objects are sent in one request.',
  }),
  's3.part.retries': Type.Integer({
    ...s3,
    default: 3,
    minimum: 0,
    displayName: 'S3 Part Upload Retries',
    description: 'How often a request that failed for a passing reason is repeated.',
  }),
  's3.retry.backoff.ms': long({
    ...s3,
    default: 200,
    minimum: 0,
    importance: 'low',
    displayName: 'Retry Backoff (ms)',
    description: 'Pause before the first repetition of a request; doubles each time, with jitter, up to one day.',
  }),
  'retry.backoff.ms': long({
    ...connector,
    default: 5000,
    minimum: 0,
    importance: 'low',
    displayName: 'Retry Backoff (ms)',
    description: 'Pause before the records of an object that could not be stored are read again.',
  }),
  'shutdown.timeout.ms': long({
    ...connector,
    default: 3000,
    minimum: 0,
    displayName: 'Shutdown Timeout (ms)',
    description: 'How long closing partitions waits for unfinished uploads to be aborted.',
  }),
  's3.credentials.provider.class': classRef({
    ...s3,
    default: 'com.amazonaws.auth.DefaultAWSCredentialsProviderChain',
    importance: 'low',
    displayName: 'AWS Credentials Provider Class',
    description:
      'Where credentials come from without `aws.access.key.id`: the default chain (environment, shared files, web identity, instance).',
    check: only(
      'com.amazonaws.auth.DefaultAWSCredentialsProviderChain',
      'use the default chain or aws.access.key.id and aws.secret.access.key',
    ),
  }),
  'aws.access.key.id': Type.String({
    ...s3,
    default: '',
    importance: 'high',
    displayName: 'AWS Access Key ID',
    description: 'Access key; wins over the credentials provider.',
  }),
  'aws.secret.access.key': password({
    ...s3,
    default: null,
    importance: 'high',
    displayName: 'AWS Secret Access Key',
    description: 'Secret of the access key.',
  }),
  's3.ssea.name': Type.String({
    ...s3,
    default: '',
    enum: ['', 'AES256', 'aws:kms'],
    importance: 'low',
    displayName: 'S3 Server Side Encryption Algorithm',
    description: 'Server side encryption of the objects.',
  }),
  's3.sse.customer.key': password({
    ...s3,
    default: null,
    importance: 'low',
    displayName: 'S3 Server Side Encryption Customer-Provided Key (SSE-C)',
    description: 'Base64 of a 256 bit key that the store encrypts with; needs `s3.ssea.name=AES256`.',
    check: (key) =>
      Buffer.from(key, 'base64').length === 32 ? undefined : 'Must be the base64 of 32 bytes (a 256 bit key)',
  }),
  's3.sse.kms.key.id': Type.String({
    ...s3,
    default: '',
    importance: 'low',
    displayName: 'S3 Server Side Encryption Key',
    description: 'Key of the key management service; needs `s3.ssea.name=aws:kms`.',
  }),
  's3.acl.canned': Type.String({
    ...s3,
    default: null,
    enum: CANNED_ACLS,
    importance: 'low',
    displayName: 'S3 Canned ACL',
    description: 'Access control list that is applied to the objects.',
  }),
  's3.proxy.url': Type.String({
    ...s3,
    default: '',
    importance: 'low',
    displayName: 'S3 Proxy Settings',
    description: 'Proxy between worker and store.',
    check: only('', 'leave it empty and let the worker reach the store directly'),
  }),
  's3.http.send.expect.continue': Type.Boolean({
    ...s3,
    default: true,
    importance: 'low',
    displayName: 'S3 HTTP Send Uses Expect Continue',
    description: 'Wait for `100 Continue` before a body is sent.',
  }),
  's3.send.digest': Type.Boolean({
    ...s3,
    default: false,
    importance: 'low',
    displayName: 'S3 Send Upload Message Digest',
    description: 'Send `Content-MD5` with every part and object.',
  }),
  'enable.conditional.writes': Type.Boolean({
    ...s3,
    default: true,
    importance: 'low',
    displayName: 'Enable Conditional Writes',
    description: 'Never overwrite an object (`If-None-Match: *`); one with the same content counts as written.',
  }),
  'max.files.scan.limit': Type.Integer({
    ...s3,
    default: 100,
    minimum: 1,
    importance: 'low',
    displayName: 'Maximum Files to Scan',
    description:
      'When another object already has the key: how many following offsets are tried for one where no object starts.',
  }),
  's3.elastic.buffer.enable': Type.Boolean({
    ...s3,
    default: false,
    importance: 'low',
    displayName: 'Enable elastic buffer',
    description: 'Start buffers at `s3.elastic.buffer.init.capacity` instead of 1 MiB; they grow in either case.',
  }),
  's3.elastic.buffer.init.capacity': Type.Integer({
    ...s3,
    default: 128 * 1024,
    minimum: 4096,
    importance: 'low',
    displayName: 'Elastic buffer initial capacity',
    description: 'Bytes a buffer begins with, with `s3.elastic.buffer.enable`.',
  }),
  'max.write.duration.ms': long({
    ...connector,
    default: UNLIMITED,
    importance: 'low',
    displayName: 'Max Write Duration (ms)',
    description: 'Limit for one delivery of records.',
    check: only(UNLIMITED, 'leave it out'),
  }),
  'storage.class': classRef({
    ...storage,
    default: 'io.confluent.connect.s3.storage.S3Storage',
    importance: 'high',
    displayName: 'Storage Class',
    description: 'Only S3 storage exists; `store.url` says where.',
    check: only('io.confluent.connect.s3.storage.S3Storage', 'use io.confluent.connect.s3.storage.S3Storage'),
  }),
  'format.class': classRef({
    ...connector,
    importance: 'high',
    displayName: 'Format class',
    recommended: [JSON_FORMAT, BYTE_ARRAY_FORMAT],
    description: 'How records are written: JSON lines, or the bytes of the values.',
    check: only([JSON_FORMAT, BYTE_ARRAY_FORMAT], `use ${JSON_FORMAT} or ${BYTE_ARRAY_FORMAT}`),
  }),
  'topics.dir': Type.String({
    ...storage,
    default: 'topics',
    importance: 'high',
    displayName: 'Topics directory',
    description: 'First part of every key; none when empty.',
  }),
  'directory.delim': Type.String({
    ...storage,
    default: '/',
    minLength: 1,
    displayName: 'Directory Delimiter',
    description: 'Stands between the parts of a key.',
  }),
  'file.delim': Type.String({
    ...storage,
    default: '+',
    minLength: 1,
    displayName: 'File Delimiter',
    description: 'Stands between topic, partition and offset in the last part of a key.',
  }),
  'filename.offset.zero.pad.width': Type.Integer({
    ...connector,
    default: 10,
    minimum: 0,
    importance: 'low',
    displayName: 'Filename Offset Zero Pad Width',
    description: 'Digits that the start offset in a key has at least.',
  }),
  'flush.size': Type.Integer({
    ...connector,
    minimum: 1,
    importance: 'high',
    displayName: 'Flush Size',
    description: 'Records of a topic partition, over all its open files, after which they are committed.',
  }),
  'rotate.interval.ms': long({
    ...connector,
    default: -1,
    importance: 'high',
    displayName: 'Rotate Interval (ms)',
    description:
      "Commit the open files when a record's time is this much later than the first one's. Only with time-based partitioners; -1 is never.",
  }),
  'rotate.schedule.interval.ms': long({
    ...connector,
    default: -1,
    displayName: 'Rotate Schedule Interval (ms)',
    description: 'Commit the open files at these times of the day, counted from midnight of `timezone`; -1 is never.',
  }),
  'rotate.file.on.partition.change': Type.Boolean({
    ...connector,
    default: true,
    displayName: 'Rotate File On Partition Change',
    description: 'With `rotate.interval.ms`: also commit when a record belongs to another time partition.',
  }),
  'partitioner.max.open.files': Type.Integer({
    ...partitioner,
    default: -1,
    displayName: 'Maximum Open Files',
    description: 'Most files that a topic partition keeps open; one more commits them all. -1 is no limit.',
    check: (count) => (count === -1 || count > 0 ? undefined : 'Must be positive, or -1 for no limit'),
  }),
  'partitioner.class': classRef({
    ...partitioner,
    default: DEFAULT_PARTITIONER,
    importance: 'high',
    displayName: 'Partitioner Class',
    recommended: [DEFAULT_PARTITIONER, FIELD_PARTITIONER, TIME_PARTITIONER, DAILY_PARTITIONER, HOURLY_PARTITIONER],
    dependents: ['partition.field.name', 'partition.duration.ms', 'path.format', 'locale', 'timezone'],
    description: "How keys are split: by Kafka partition, by fields of the value, or by the record's time.",
    check: only(
      [DEFAULT_PARTITIONER, FIELD_PARTITIONER, TIME_PARTITIONER, DAILY_PARTITIONER, HOURLY_PARTITIONER],
      'use one of the partitioners of io.confluent.connect.storage.partitioner',
    ),
  }),
  'partition.field.name': list({
    ...partitioner,
    default: [],
    displayName: 'Partition Field Name',
    description: 'Fields for the FieldPartitioner, nested ones with dots.',
  }),
  'partition.duration.ms': long({
    ...partitioner,
    default: -1,
    displayName: 'Partition Duration (ms)',
    description: 'Length of a time partition for the TimeBasedPartitioner.',
  }),
  'path.format': Type.String({
    ...partitioner,
    default: '',
    width: 'long',
    displayName: 'Path Format',
    description: "Joda-Time pattern of a time partition's path, such as `'year'=YYYY/'month'=MM/'day'=dd`.",
    check: checkPathFormat,
  }),
  locale: Type.String({
    ...partitioner,
    default: '',
    displayName: 'Locale',
    description: 'Language of month and day names in `path.format`, such as `en-US`.',
    check: (locale) => (isLocale(locale) ? undefined : 'Not a known locale'),
  }),
  timezone: Type.String({
    ...partitioner,
    default: '',
    displayName: 'Timezone',
    description: 'Zone of time partitions and of `rotate.schedule.interval.ms`, such as `Europe/Berlin` or `UTC`.',
    check: (zone) => (zone === '' || isTimeZone(zone) ? undefined : 'Not a known time zone'),
  }),
  'timestamp.extractor': Type.String({
    ...partitioner,
    default: 'Wallclock',
    displayName: 'Timestamp Extractor',
    recommended: ['Wallclock', 'Record', 'RecordField'],
    description:
      "Time of a record for time-based partitioners: the clock, the record's timestamp, or a field of its value.",
    check: only(['Wallclock', 'Record', 'RecordField'], 'use Wallclock, Record or RecordField'),
  }),
  'timestamp.field': Type.String({
    ...partitioner,
    default: 'timestamp',
    minLength: 1,
    displayName: 'Record Field for Timestamp Extractor',
    description: 'Field for `timestamp.extractor=RecordField`, nested ones with dots.',
  }),
  'schema.compatibility': Type.String({
    ...connector,
    default: 'NONE',
    displayName: 'Schema Compatibility',
    description: 'When a changed schema begins a new file: `NONE` is at every change.',
    check: only('NONE', 'use NONE'),
  }),
  's3.schema.partition.affix.type': Type.String({
    ...s3,
    default: 'NONE',
    importance: 'low',
    displayName: 'S3 Schema Partition Affix Type',
    description: "Whether the schema's name becomes part of the key.",
    check: only('NONE', 'use NONE'),
  }),
  's3.compression.type': Type.String({
    ...s3,
    default: 'none',
    enum: ['none', 'gzip'],
    importance: 'low',
    displayName: 'Compression Type',
    description: 'Compression of the objects, with `.gz` at the end of their keys.',
  }),
  's3.compression.level': Type.Integer({
    ...s3,
    default: -1,
    minimum: -1,
    maximum: 9,
    importance: 'low',
    displayName: 'Compression Level',
    description: '0 is fastest and stores only, 9 is smallest, -1 the usual compromise.',
  }),
  'format.bytearray.extension': Type.String({
    ...s3,
    default: '.bin',
    importance: 'low',
    displayName: 'Output File Extension for ByteArrayFormat',
    description: 'End of the keys that the ByteArrayFormat writes.',
  }),
  'format.bytearray.separator': Type.String({
    ...s3,
    default: null,
    importance: 'low',
    displayName: 'Line separator ByteArrayFormat',
    description: 'Written after each value by the ByteArrayFormat, blanks included. Default: a line feed.',
  }),
  'json.decimal.format': Type.String({
    ...connector,
    default: 'BASE64',
    enum: ['BASE64', 'NUMERIC'],
    ignoreCase: true,
    importance: 'low',
    displayName: 'Decimal Format',
    description: 'How the JsonFormat writes Decimals: base64 of the unscaled value, or a number.',
  }),
  'behavior.on.null.values': Type.String({
    ...connector,
    default: 'fail',
    importance: 'low',
    displayName: 'Behavior for null-valued records',
    recommended: ['fail', 'ignore'],
    description: '`fail` the task at a record without a value, or `ignore` the record.',
    check: only(['fail', 'ignore'], 'use fail or ignore'),
  }),
  'report.null.values.to.dlq': Type.Boolean({
    ...connector,
    default: true,
    importance: 'low',
    displayName: 'Report null values to the dead letter queue',
    description: 'With `behavior.on.null.values=ignore`: report each ignored record, where reporting is configured.',
  }),
  'store.kafka.keys': Type.Boolean({
    ...storage,
    default: false,
    importance: 'low',
    displayName: 'Store kafka keys',
    description: 'Whether record keys are stored in files of their own.',
    check: only(false, 'only values are stored; use false'),
  }),
  'store.kafka.headers': Type.Boolean({
    ...storage,
    default: false,
    importance: 'low',
    displayName: 'Store kafka headers',
    description: 'Whether record headers are stored in files of their own.',
    check: only(false, 'only values are stored; use false'),
  }),
  's3.object.tagging': Type.Boolean({
    ...s3,
    default: false,
    importance: 'low',
    displayName: 'Object Tagging',
    description: 'Whether objects are tagged with offsets and record count.',
    check: only(false, 'use false'),
  }),
}

export const s3SinkConfig = config(keys)
export type S3SinkProps = PropsOf<typeof s3SinkConfig>

/** Checks across keys; Kafka Connect shows them beside the key at fault. */
export function validateProps(props: S3SinkProps): ConfigValueErrors {
  const errors: ConfigValueErrors = {}
  const add = (key: string, message: string): void => {
    errors[key] = [...(errors[key] ?? []), message]
  }
  if (props['s3.wan.mode'] && props['s3.path.style.access.enabled'])
    add('s3.wan.mode', 's3.wan.mode=true needs s3.path.style.access.enabled=false')
  const hasSecret = (props['aws.secret.access.key'] ?? '') !== ''
  if (props['aws.access.key.id'] !== '' && !hasSecret)
    add('aws.secret.access.key', 'aws.access.key.id needs aws.secret.access.key beside it')
  if (props['aws.access.key.id'] === '' && hasSecret)
    add('aws.access.key.id', 'aws.secret.access.key needs aws.access.key.id beside it')
  if (props['s3.sse.customer.key'] !== null && props['s3.ssea.name'] !== 'AES256')
    add('s3.ssea.name', 's3.sse.customer.key needs s3.ssea.name=AES256')
  if (props['s3.sse.kms.key.id'] !== '' && props['s3.ssea.name'] !== 'aws:kms')
    add('s3.ssea.name', 's3.sse.kms.key.id needs s3.ssea.name=aws:kms')
  if (props['rotate.schedule.interval.ms'] > 0 && props.timezone === '')
    add('timezone', 'rotate.schedule.interval.ms needs a timezone to count from its midnight')
  if (props['partitioner.class'] === FIELD_PARTITIONER && props['partition.field.name'].length === 0)
    add('partition.field.name', 'The FieldPartitioner needs the fields to partition by')
  const isTimeBased = [TIME_PARTITIONER, DAILY_PARTITIONER, HOURLY_PARTITIONER].includes(props['partitioner.class'])
  if (isTimeBased) {
    for (const key of ['locale', 'timezone'] as const)
      if (props[key] === '') add(key, `${key} cannot be empty with a time-based partitioner`)
  }
  if (props['partitioner.class'] === TIME_PARTITIONER) {
    if (props['path.format'] === '') add('path.format', 'path.format cannot be empty with the TimeBasedPartitioner')
    if (props['partition.duration.ms'] <= 0)
      add('partition.duration.ms', 'partition.duration.ms must be positive with the TimeBasedPartitioner')
  }
  return errors
}

function checkStoreUrl(url: string): string | undefined {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(url)) return URL.canParse(`https://${url}`) ? undefined : 'Not an address'
  if (!URL.canParse(url)) return 'Not an address'
  const { protocol, host, pathname } = new URL(url)
  if (protocol === 'http:' || protocol === 'https:') return undefined
  if (protocol !== 'file:') return 'Must begin with https://, http:// or file:///'
  if (host !== '' && host !== 'localhost') return 'Must have three slashes: file:///folder'
  return pathname === '/' ? 'Must name a folder: file:///folder' : undefined
}

function checkPathFormat(pattern: string): string | undefined {
  try {
    compilePathFormat(pattern, 'en')
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function isLocale(locale: string): boolean {
  try {
    return locale === '' || Intl.getCanonicalLocales(locale.replaceAll('_', '-')).length === 1
  } catch {
    return false
  }
}
