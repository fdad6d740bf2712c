import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordingLogger } from 'millrace/connect/testing'
import { logNotices, noticesOf } from '../../src/runtime/worker-config/notices.ts'

test('properties that have an effect, and free ones, are not mentioned', () => {
  const props = {
    'group.id': 'g',
    'producer.linger.ms': '5',
    'consumer.max.poll.records': '5',
    'admin.retry.backoff.ms': '5',
    'admin.listeners': '',
    'admin.listeners.https.ssl.client.auth': 'none',
    'config.storage.min.insync.replicas': '2',
    'key.converter.schemas.enable': 'false',
    'metrics.context.team': 'a',
    'config.providers.env.class': 'EnvVarConfigProvider',
    'task.threads': '2',
  }
  const { withoutEffect, unknown } = noticesOf(props, 'cluster')
  assert.deepEqual([[...withoutEffect], [...unknown]], [[], []])
})

test('properties without effect are named with the reason', () => {
  const props = {
    'plugin.discovery': 'only_scan',
    'metric.reporters': 'x.Y',
    'internal.key.converter': 'x',
    'internal.value.converter.schemas.enable': 'false',
    'config.storage.partitions': '3',
    'status.storage.cleanup.policy': 'delete',
  }
  const { withoutEffect, unknown } = noticesOf(props, 'cluster')
  assert.deepEqual([...withoutEffect.keys()].toSorted(), Object.keys(props).toSorted())
  assert.match(withoutEffect.get('config.storage.partitions') ?? '', /one partition/)
  assert.equal(unknown.size, 0)
})

test('settings of clients that change nothing are named with the reason, and those that no client has', () => {
  const props = {
    'producer.interceptor.classes': 'io.confluent.monitoring.clients.interceptor.MonitoringProducerInterceptor',
    'consumer.check.crcs': 'false',
    'consumer.enable.auto.commit': 'true',
    'admin.ssl.truststore.location': '/etc/trust.jks',
    'producer.linger.mss': '5',
    'producer.max.poll.records': '5',
    'rest.port': '8083',
  }
  const { withoutEffect, unknown } = noticesOf(props, 'cluster')
  assert.deepEqual(Object.fromEntries(withoutEffect), {
    'admin.ssl.truststore.location': 'connections to brokers are PLAINTEXT',
    'consumer.check.crcs': 'the consumer has no such setting here',
    'consumer.enable.auto.commit': 'the worker commits offsets, every offset.flush.interval.ms',
    'producer.interceptor.classes': 'there are no Java classes here',
    'rest.port': 'set listeners, since Kafka Connect 3.0',
  })
  assert.deepEqual(Object.fromEntries(unknown), {
    'producer.linger.mss': 'producer.linger.ms',
    'producer.max.poll.records': null,
  })
})

test('an unknown property comes with the known one that was probably meant', () => {
  const { unknown } = noticesOf({ 'offset.flush.intervall.ms': '1', 'my.own.thing': 'x', listener: 'x' }, 'cluster')
  assert.deepEqual(Object.fromEntries(unknown), {
    'offset.flush.intervall.ms': 'offset.flush.interval.ms',
    'my.own.thing': null,
    listener: 'listeners',
  })
})

test('what is of a cluster has no effect in a standalone worker', () => {
  const { withoutEffect, unknown } = noticesOf({ 'group.id': 'g', 'offset.storage.file.filename': 'f' }, 'standalone')
  assert.deepEqual([...withoutEffect], [['group.id', 'a standalone worker has no cluster']])
  assert.equal(unknown.size, 0)
})

test('each kind is one line of the log, without values', () => {
  const logger = new RecordingLogger()
  logNotices(
    { 'plugin.discovery': 'only_scan', 'metric.reporters': 'geheim', lisetners: 'geheim' },
    'cluster',
    logger as never,
  )
  const lines = logger.lines.map((line) => JSON.stringify(line))
  assert.equal(lines.length, 2)
  assert.match(lines[0] ?? '', /no effect here: metric\.reporters .*plugin\.discovery/)
  assert.match(lines[1] ?? '', /lisetners \(did you mean listeners\?\)/)
  assert.doesNotMatch(lines.join(), /geheim/)
})
