import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { sinkBatch, sinkHarness, sinkRecord } from 'millrace/connect/testing'
import { plugins, s3Sink } from '../../../connectors/s3/index.ts'
import { startFaultyS3, startFauxS3 } from '../../support/s3.ts'

const folder = await mkdtemp(join(tmpdir(), 'millrace-s3-plugin-'))
const server = await startFauxS3()
after(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

const json = {
  'connector.class': s3Sink.class,
  'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
  'flush.size': '2',
}

function onServer(url: string, bucket: string): Record<string, string> {
  return {
    ...json,
    's3.bucket.name': bucket,
    'store.url': url,
    's3.region': 'us-east-1',
    'aws.access.key.id': server.accessKeyId,
    'aws.secret.access.key': server.secretAccessKey,
    's3.retry.backoff.ms': '1',
    's3.part.retries': '1',
    'retry.backoff.ms': '1',
  }
}

test('the connector gives as many tasks as it may have', () => {
  const props = { ...json, 's3.bucket.name': 'b' }
  assert.deepEqual(plugins, [s3Sink])
  assert.equal(s3Sink.taskConfigs?.(s3Sink.config.parse(props), 3, props).length, 3)
})

test('records and bytes of several partitions become files in a local folder', async () => {
  await mkdir(join(folder, 'bucket'))
  const partitions = [0, 1].map((partition) => ({ topic: 'orders', partition }))
  const props = { ...json, 's3.bucket.name': 'bucket', 'store.url': pathToFileURL(folder).href }
  await using harness = sinkHarness(s3Sink, props, { partitions })
  await harness.start()
  await harness.putBatch(sinkBatch(['{"a":1}', '{"a":2}', '{"a":3}']))
  await harness.put(
    sinkRecord({ value: { b: 1 }, kafkaOffset: 5, kafkaPartition: 1 }),
    sinkRecord({ value: { b: 2 }, kafkaOffset: 6, kafkaPartition: 1 }),
  )
  assert.deepEqual(await harness.commit(), [
    { topic: 'orders', partition: 0, offset: 2 },
    { topic: 'orders', partition: 1, offset: 7 },
  ])
  const topic = join(folder, 'bucket', 'topics', 'orders')
  assert.equal(await readFile(join(topic, 'partition=0', 'orders+0+0000000000.json'), 'utf8'), '{"a":1}\n{"a":2}\n')
  assert.equal(await readFile(join(topic, 'partition=1', 'orders+1+0000000005.json'), 'utf8'), '{"b":1}\n{"b":2}\n')
})

test('the example of the README runs', async () => {
  const readme = await readFile(new URL('../../../connectors/s3/README.md', import.meta.url), 'utf8')
  const example = /```json\n(.*?)```/s.exec(readme)?.[1] ?? ''
  const { config } = JSON.parse(example) as { config: Record<string, string> }
  assert.deepEqual(
    s3Sink.config.validate(config).filter(({ errors }) => errors.length > 0),
    [],
  )
  await mkdir(join(folder, config['s3.bucket.name'] as string))
  await using harness = sinkHarness(s3Sink, { ...config, 'store.url': pathToFileURL(folder).href, 'flush.size': '1' })
  await harness.start()
  await harness.putBatch(sinkBatch(['{"a":1}']))
  await harness.commit()
  const path = 'archive/topics/orders/partition=0/orders+0+0000000000.json'
  assert.ok(readme.includes(path.slice('archive/'.length)))
  assert.equal(await readFile(join(folder, path), 'utf8'), '{"a":1}\n')
})

test('a task does not start without its bucket, and says which one', async () => {
  for (const url of [pathToFileURL(folder).href, server.url]) {
    const harness = sinkHarness(s3Sink, onServer(url, 'missing-bucket'))
    await assert.rejects(harness.start(), /Bucket "missing-bucket" does not exist/)
  }
})

test('a task does not start with settings that contradict each other, validated or not', async () => {
  const harness = sinkHarness(s3Sink, { ...onServer(server.url, 'b'), 'rotate.schedule.interval.ms': '1000' })
  await assert.rejects(harness.start(), /rotate\.schedule\.interval\.ms needs a timezone/)
})

test('while the store is down records are read again from the first that is not stored', async () => {
  await server.createBucket('flaky')
  const proxy = await startFaultyS3(server)
  try {
    await using harness = sinkHarness(s3Sink, onServer(proxy.url, 'flaky'))
    await harness.start()
    await harness.putBatch(sinkBatch(['1', '2']))
    await harness.commit()
    proxy.fault = () => 503
    await harness.putBatch(sinkBatch(['3', '4', '5'], { firstOffset: 2 }))
    assert.equal((await harness.commit())[0]?.offset, 2)
    assert.deepEqual(harness.rewinds, [{ topic: 'orders', partition: 0, offset: 2 }])
    assert.ok(harness.paused.has('orders-0'))
    proxy.fault = () => null
    const deadline = Date.now() + 10_000
    while (harness.paused.size > 0 && Date.now() < deadline) await harness.put()
    await harness.putBatch(sinkBatch(['3', '4', '5'], { firstOffset: 2 }))
    assert.equal((await harness.commit())[0]?.offset, 4)
    const key = 'topics/orders/partition=0/orders+0+0000000002.json'
    const { Body } = await server.client.send(new GetObjectCommand({ Bucket: 'flaky', Key: key }))
    assert.equal(await Body?.transformToString(), '3\n4\n')
  } finally {
    await proxy.stop()
  }
})
