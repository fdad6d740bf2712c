import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { s3SinkConfig, validateProps } from '../../../connectors/s3/config.ts'
import { s3Sink } from '../../../connectors/s3/index.ts'

const good = {
  's3.bucket.name': 'bucket',
  'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
  'flush.size': '1000',
}
const timeBased = {
  'partitioner.class': 'io.confluent.connect.storage.partitioner.TimeBasedPartitioner',
  'path.format': "'year'=YYYY",
  'partition.duration.ms': '3600000',
  locale: 'en-US',
  timezone: 'UTC',
}

function errorsOf(config: Record<string, string>): Record<string, readonly string[]> {
  const values = s3SinkConfig.validate({ ...good, ...config })
  const found = Object.fromEntries(
    values.filter(({ errors }) => errors.length > 0).map(({ name, errors }) => [name, errors]),
  )
  if (Object.keys(found).length > 0) return found
  return validateProps(s3SinkConfig.parse({ ...good, ...config }))
}

test('three settings are enough', () => {
  assert.deepEqual(errorsOf({}), {})
  assert.equal(s3Sink.class, 'io.confluent.connect.s3.S3SinkConnector')
  const required = [...s3SinkConfig.keys.values()].filter((key) => key.required).map((key) => key.name)
  assert.deepEqual(required.sort(), ['flush.size', 'format.class', 's3.bucket.name'])
})

const unsupported: Readonly<Record<string, string>> = {
  'format.class': 'io.confluent.connect.s3.format.avro.AvroFormat',
  'storage.class': 'org.example.Storage',
  'partitioner.class': 'org.example.Partitioner',
  'timestamp.extractor': 'org.example.Extractor',
  'schema.compatibility': 'BACKWARD',
  's3.schema.partition.affix.type': 'PREFIX',
  's3.credentials.provider.class': 'io.confluent.connect.s3.auth.AwsAssumeRoleCredentialsProvider',
  's3.proxy.url': 'http://proxy:3128',
  'store.kafka.keys': 'true',
  'store.kafka.headers': 'true',
  's3.object.tagging': 'true',
  'behavior.on.null.values': 'write',
  'max.write.duration.ms': '1000',
}

for (const [key, value] of Object.entries(unsupported)) {
  test(`${key}=${value} is refused by name, not ignored`, () => {
    const errors = errorsOf({ [key]: value })
    assert.deepEqual(Object.keys(errors), [key])
    assert.match(errors[key]?.[0] ?? '', new RegExp(`for configuration ${key}: Not supported yet by this connector: `))
  })
}

const contradictory: readonly [Record<string, string>, string][] = [
  [{ 's3.wan.mode': 'true' }, 's3.wan.mode'],
  [{ 'aws.access.key.id': 'key' }, 'aws.secret.access.key'],
  [{ 'aws.secret.access.key': 'secret' }, 'aws.access.key.id'],
  [{ 's3.sse.customer.key': Buffer.alloc(32).toString('base64') }, 's3.ssea.name'],
  [{ 's3.sse.customer.key': 'short', 's3.ssea.name': 'AES256' }, 's3.sse.customer.key'],
  [{ 's3.sse.kms.key.id': 'key' }, 's3.ssea.name'],
  [{ 'rotate.schedule.interval.ms': '60000' }, 'timezone'],
  [{ 'partitioner.class': 'io.confluent.connect.storage.partitioner.FieldPartitioner' }, 'partition.field.name'],
  [{ ...timeBased, 'path.format': '' }, 'path.format'],
  [{ ...timeBased, 'path.format': 'year=YYYY' }, 'path.format'],
  [{ ...timeBased, 'partition.duration.ms': '-1' }, 'partition.duration.ms'],
  [{ ...timeBased, timezone: '' }, 'timezone'],
  [{ ...timeBased, timezone: 'Mars/Olympus' }, 'timezone'],
  [{ ...timeBased, locale: '' }, 'locale'],
  [{ ...timeBased, locale: 'no locale' }, 'locale'],
  [{ 'store.url': 'ftp://host' }, 'store.url'],
  [{ 'store.url': 'file://folder' }, 'store.url'],
  [{ 'store.url': 'file:///' }, 'store.url'],
  [{ 's3.part.size': '1000' }, 's3.part.size'],
  [{ 'flush.size': '0' }, 'flush.size'],
  [{ 's3.compression.type': 'lz4' }, 's3.compression.type'],
  [{ 'partitioner.max.open.files': '0' }, 'partitioner.max.open.files'],
]

for (const [config, key] of contradictory) {
  test(`${JSON.stringify(config)} is an error of ${key}`, () => assert.deepEqual(Object.keys(errorsOf(config)), [key]))
}

test('a complete configuration of the Confluent connector is accepted', () => {
  const config = {
    ...timeBased,
    'storage.class': 'io.confluent.connect.s3.storage.S3Storage',
    'schema.compatibility': 'NONE',
    'rotate.interval.ms': '600000',
    'rotate.schedule.interval.ms': '3600000',
    'timestamp.extractor': 'RecordField',
    'timestamp.field': 'created_at',
    's3.region': 'eu-central-1',
    's3.compression.type': 'gzip',
    'store.url': 'minio:9000',
    'aws.access.key.id': 'key',
    'aws.secret.access.key': 'secret',
    's3.ssea.name': 'aws:kms',
    's3.sse.kms.key.id': 'alias/objects',
    's3.acl.canned': 'bucket-owner-full-control',
    'max.write.duration.ms': '9223372036854775807',
  }
  assert.deepEqual(errorsOf(config), {})
})

test('the README lists every setting with its default, and no other', async () => {
  const readme = await readFile(new URL('../../../connectors/s3/README.md', import.meta.url), 'utf8')
  const rows = [...readme.matchAll(/^\| `([a-z0-9.]+)`\s+\| ([^|]*) \|/gm)].map(([, name, value]) => [
    name,
    value?.trim(),
  ])
  const declared = [...s3SinkConfig.keys.values()].map(({ name, required, defaultValue }) => [
    name,
    required ? 'required' : defaultValue === null || defaultValue === '' ? '–' : `\`${defaultValue}\``,
  ])
  assert.deepEqual(Object.fromEntries(rows), Object.fromEntries(declared))
})
