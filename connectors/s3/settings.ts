import type { DecimalFormat } from 'millrace/connect'
import {
  BYTE_ARRAY_FORMAT,
  DAILY_PARTITIONER,
  FIELD_PARTITIONER,
  HOURLY_PARTITIONER,
  type S3SinkProps,
  TIME_PARTITIONER,
} from './config.ts'
import { compilePathFormat, type LocalTime } from './partition/joda-format.ts'
import { TimeZone } from './partition/time-zone.ts'
import type { TimestampExtractor } from './partition/timestamps.ts'

/** Where objects go and how requests are made. Holds secrets: not for logs. */
export interface StoreSettings {
  readonly bucket: string
  readonly region: string
  /** With scheme; null is Amazon S3. */
  readonly url: string | null
  readonly pathStyle: boolean
  readonly accelerate: boolean
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string } | null
  /** Repetitions after the first attempt. */
  readonly retries: number
  readonly retryBackoffMs: number
  readonly expectContinue: boolean
  readonly sendDigest: boolean
  readonly conditionalWrites: boolean
  readonly acl: Exclude<S3SinkProps['s3.acl.canned'], null> | null
  readonly encryption: S3SinkProps['s3.ssea.name']
  /** Base64. */
  readonly customerKey: string | null
  readonly kmsKeyId: string | null
}

export type PartitionBy =
  | { readonly kind: 'kafka' }
  | { readonly kind: 'field'; readonly fields: readonly string[] }
  | {
      readonly kind: 'time'
      readonly durationMs: number
      readonly format: (time: LocalTime) => string
      readonly zone: TimeZone
      readonly extractor: TimestampExtractor
      readonly field: string
    }

export interface LayoutSettings {
  readonly topicsDir: string
  readonly directoryDelimiter: string
  readonly fileDelimiter: string
  readonly offsetDigits: number
  /** `.json`, `.bin.gz`, … */
  readonly extension: string
}

export interface FormatSettings {
  readonly kind: 'json' | 'bytes'
  /** What follows each record. */
  readonly separator: Uint8Array
  readonly decimals: DecimalFormat
  /** Level of gzip, −1 to 9; null is no compression. */
  readonly gzipLevel: number | null
}

export interface RotationSettings {
  readonly flushSize: number
  /** 0 is never. */
  readonly intervalMs: number
  /** 0 is never. */
  readonly scheduleMs: number
  readonly scheduleZone: TimeZone | null
  readonly onPartitionChange: boolean
  readonly maxOpenFiles: number
}

/** What the tasks work with. */
export interface Settings {
  readonly store: StoreSettings
  readonly layout: LayoutSettings
  readonly format: FormatSettings
  readonly rotation: RotationSettings
  readonly partitionBy: PartitionBy
  readonly partSize: number
  readonly bufferCapacity: number
  readonly maxFilesScan: number
  /** Pause before records are read again. */
  readonly retryBackoffMs: number
  readonly shutdownTimeoutMs: number
  readonly nullValues: 'fail' | 'ignore'
  readonly reportNullValues: boolean
}

const DEFAULT_BUFFER_CAPACITY = 1024 * 1024

/** `raw` is the configuration as written: parsing trims blanks, which count in a separator. */
export function settingsOf(props: S3SinkProps, raw: Readonly<Record<string, string>>): Settings {
  const kind = props['format.class'] === BYTE_ARRAY_FORMAT ? 'bytes' : 'json'
  const isCompressed = props['s3.compression.type'] === 'gzip'
  const extension = kind === 'json' ? '.json' : props['format.bytearray.extension']
  return {
    store: storeSettings(props),
    layout: {
      topicsDir: props['topics.dir'],
      directoryDelimiter: props['directory.delim'],
      fileDelimiter: props['file.delim'],
      offsetDigits: props['filename.offset.zero.pad.width'],
      extension: isCompressed ? `${extension}.gz` : extension,
    },
    format: {
      kind,
      separator: Buffer.from(kind === 'json' ? '\n' : (raw['format.bytearray.separator'] ?? '\n')),
      decimals: props['json.decimal.format'],
      gzipLevel: isCompressed ? props['s3.compression.level'] : null,
    },
    rotation: {
      flushSize: props['flush.size'],
      intervalMs: Math.max(0, props['rotate.interval.ms']),
      scheduleMs: Math.max(0, props['rotate.schedule.interval.ms']),
      scheduleZone: props.timezone === '' ? null : new TimeZone(props.timezone),
      onPartitionChange: props['rotate.file.on.partition.change'],
      maxOpenFiles: props['partitioner.max.open.files'] === -1 ? Infinity : props['partitioner.max.open.files'],
    },
    partitionBy: partitionBy(props),
    partSize: props['s3.part.size'],
    bufferCapacity: props['s3.elastic.buffer.enable']
      ? props['s3.elastic.buffer.init.capacity']
      : DEFAULT_BUFFER_CAPACITY,
    maxFilesScan: props['max.files.scan.limit'],
    retryBackoffMs: props['retry.backoff.ms'],
    shutdownTimeoutMs: props['shutdown.timeout.ms'],
    nullValues: props['behavior.on.null.values'] === 'ignore' ? 'ignore' : 'fail',
    reportNullValues: props['report.null.values.to.dlq'],
  }
}

function storeSettings(props: S3SinkProps): StoreSettings {
  const url = props['store.url']
  const accessKeyId = props['aws.access.key.id']
  return {
    bucket: props['s3.bucket.name'],
    region: props['s3.region'],
    url: url === null || url === '' ? null : /^[a-z][a-z0-9+.-]*:\/\//i.test(url) ? url : `https://${url}`,
    pathStyle: props['s3.path.style.access.enabled'],
    accelerate: props['s3.wan.mode'],
    credentials: accessKeyId === '' ? null : { accessKeyId, secretAccessKey: props['aws.secret.access.key'] ?? '' },
    retries: props['s3.part.retries'],
    retryBackoffMs: props['s3.retry.backoff.ms'],
    expectContinue: props['s3.http.send.expect.continue'],
    sendDigest: props['s3.send.digest'],
    conditionalWrites: props['enable.conditional.writes'],
    acl: props['s3.acl.canned'],
    encryption: props['s3.ssea.name'],
    customerKey: props['s3.sse.customer.key'],
    kmsKeyId: props['s3.sse.kms.key.id'] === '' ? null : props['s3.sse.kms.key.id'],
  }
}

function partitionBy(props: S3SinkProps): PartitionBy {
  const delimiter = props['directory.delim']
  const day = `'year'=YYYY${delimiter}'month'=MM${delimiter}'day'=dd`
  switch (props['partitioner.class']) {
    case FIELD_PARTITIONER:
      return { kind: 'field', fields: props['partition.field.name'] }
    case TIME_PARTITIONER:
      return timePartitions(props, props['path.format'], props['partition.duration.ms'])
    case DAILY_PARTITIONER:
      return timePartitions(props, day, 86_400_000)
    case HOURLY_PARTITIONER:
      return timePartitions(props, `${day}${delimiter}'hour'=HH`, 3_600_000)
    default:
      return { kind: 'kafka' }
  }
}

function timePartitions(props: S3SinkProps, pattern: string, durationMs: number): PartitionBy {
  return {
    kind: 'time',
    durationMs,
    format: compilePathFormat(pattern, props.locale),
    zone: new TimeZone(props.timezone),
    extractor: props['timestamp.extractor'] as TimestampExtractor,
    field: props['timestamp.field'],
  }
}

/** The key of the object that begins at an offset of a topic partition. */
export function objectKey(
  layout: LayoutSettings,
  topic: string,
  partition: number,
  encodedPartition: string,
  startOffset: number,
): string {
  const { directoryDelimiter, fileDelimiter } = layout
  const offset = String(startOffset).padStart(layout.offsetDigits, '0')
  const name = `${topic}${fileDelimiter}${partition}${fileDelimiter}${offset}${layout.extension}`
  const parts = layout.topicsDir === '' ? [] : [layout.topicsDir]
  return [...parts, topic, encodedPartition, name].join(directoryDelimiter)
}
