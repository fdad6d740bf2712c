import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { withDeadline } from '../../../src/base/deadline.ts'
import { silentLogger } from '../../../src/base/logger.ts'
import { Admin, type Cluster, createCluster } from '../../../src/client/index.ts'
import { InternalTopicError } from '../../../src/runtime/errors.ts'
import { startWorker } from '../../../src/rest/start-worker.ts'
import { ensureInternalTopics, type InternalTopic } from '../../../src/runtime/stores/internal-topics.ts'
import { workerConfig } from '../../../src/runtime/worker-config.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { callRest, startTestWorker, testWorkerProps } from '../../support/connect-worker.ts'

// Kafka's InternalTopicsIntegrationTest, on one broker.

/** The internal topics of a worker whose topics begin with `prefix`. */
function topicsOf(prefix: string, given: Record<string, string> = {}): InternalTopic[] {
  const names = Object.fromEntries(
    ['config', 'offset', 'status'].map((kind) => [`${kind}.storage.topic`, `${prefix}-${kind}`]),
  )
  const config = workerConfig(testWorkerProps('localhost:1', { ...names, ...given }))
  return [
    { kind: 'config', config: config.configStorage },
    { kind: 'offset', config: config.offsetStorage },
    { kind: 'status', config: config.statusStorage },
  ]
}

const options = { timeoutMs: 300, logger: silentLogger, signal: new AbortController().signal }

describe('internal topics', () => {
  let broker: TestBroker
  let cluster: Cluster
  let admin: Admin
  before(async () => {
    broker = await startTestBroker()
    cluster = createCluster({ bootstrapServers: [broker.bootstrap] })
    admin = new Admin(cluster)
  })
  after(async () => {
    await cluster.close()
    await broker.close()
  })
  const partitionsOf = async (...names: string[]): Promise<(number | null)[]> =>
    (await admin.describeTopics(names)).map(({ topic }) => topic?.partitions.length ?? null)

  test('testCreateInternalTopicsWithDefaultSettings: 1, 25 and 5 partitions, compacted, and the same after a restart', async () => {
    const topics = topicsOf('default')
    await ensureInternalTopics(admin, topics, options)
    await ensureInternalTopics(admin, topics, options)
    const names = topics.map(({ config }) => config.topic)
    assert.deepEqual(await partitionsOf(...names), [1, 25, 5])
    const described = await admin.describeConfigs(names.map((name) => ({ type: 'topic', name })))
    for (const { entries } of described)
      assert.equal(entries.find(({ name }) => name === 'cleanup.policy')?.value, 'compact')
  })

  test('testCreateInternalTopicsWithFewerReplicasThanBrokers: replication as it is set', async () => {
    await ensureInternalTopics(admin, topicsOf('fewer', { 'offset.storage.partitions': '3' }), options)
    assert.deepEqual(await partitionsOf('fewer-config', 'fewer-offset', 'fewer-status'), [1, 3, 5])
  })

  test('testFailToCreateInternalTopicsWithMoreReplicasThanBrokers: tried for a while, and then the error says what to set', async () => {
    const topics = topicsOf('more', {
      'config.storage.replication.factor': '3',
      'offset.storage.replication.factor': '2',
    })
    await assert.rejects(ensureInternalTopics(admin, topics, options), (error: unknown) => {
      assert.ok(error instanceof InternalTopicError)
      assert.match(error.message, /config\.storage\.replication\.factor=3 needs as many brokers/)
      return true
    })
    assert.deepEqual(await partitionsOf('more-config', 'more-offset'), [null, null])
  })

  test('testFailToCreateInternalTopicsWithMoreReplicasThanBrokers: its worker says meanwhile what it is doing, and ends', async () => {
    const worker = await startWorker(
      testWorkerProps(broker.bootstrap, {
        'group.id': 'dying',
        'config.storage.topic': 'dying-config',
        'offset.storage.topic': 'dying-offset',
        'status.storage.topic': 'dying-status',
        'config.storage.replication.factor': '3',
        'offset.storage.replication.factor': '2',
        'request.timeout.ms': '2000',
        'default.api.timeout.ms': '3000',
      }),
      { logger: silentLogger },
    )
    const health = await callRest(worker.urls[0] ?? '', 'GET', '/health')
    assert.equal(health.status, 503)
    assert.match(
      (health.body as { message: string }).message,
      /^Worker is still starting up\. The worker is currently initializing and reading to the end of internal topics, which began at /,
    )
    await assert.rejects(
      withDeadline(worker.started, 60_000, 'Its end'),
      /replication\.factor=\d needs as many brokers/,
    )
    await assert.rejects(fetch(new URL('health', worker.urls[0])), 'its REST server is gone as well')
    assert.deepEqual(await partitionsOf('dying-config', 'dying-offset'), [null, null])
  })

  test('testFailToStartWhenInternalTopicsAreNotCompacted: a worker starts once all three topics are compacted', async () => {
    const kinds = ['config', 'offset', 'status'] as const
    const policies = { config: 'delete', offset: 'compact,delete', status: null }
    const named = (prefix: string, kind: string, policy: string | null) => ({
      name: `${prefix}-${kind}`,
      partitions: 1,
      replicationFactor: 1,
      configs: (policy === null ? {} : { 'cleanup.policy': policy }) as Record<string, string>,
    })
    await admin.createTopics(kinds.map((kind) => named('good', kind, 'compact')))
    await admin.createTopics(kinds.map((kind) => named('bad', kind, policies[kind])))
    for (let good = 0; good <= kinds.length; good++) {
      const topics = kinds.map((kind, i) => [`${kind}.storage.topic`, `${i < good ? 'good' : 'bad'}-${kind}`])
      const starting = startTestWorker(broker.bootstrap, { 'group.id': 'good', ...Object.fromEntries(topics) })
      if (good < kinds.length) await assert.rejects(starting, /is required to have 'cleanup\.policy=compact'/)
      else await (await starting).stop()
    }
  })

  for (const policy of ['delete', 'compact,delete', null]) {
    test(`testFailToStartWhenInternalTopicsAreNotCompacted: a topic with ${policy ?? "the broker's default"} is refused`, async () => {
      const prefix = `not-compacted-${policy?.replace(',', '-') ?? 'default'}`
      const configs: Record<string, string> = policy === null ? {} : { 'cleanup.policy': policy }
      await admin.createTopics([{ name: `${prefix}-offset`, partitions: 1, replicationFactor: 1, configs }])
      await assert.rejects(
        ensureInternalTopics(admin, topicsOf(prefix), options),
        new RegExp(
          `Topic "${prefix}-offset" supplied via the 'offset.storage.topic' property is required to have 'cleanup.policy=compact' ` +
            `to guarantee consistency and durability, but found cleanup.policy=${policy ?? 'delete'}`,
        ),
      )
    })
  }

  test('an internal topic without a name is refused, and the setting is named', async () => {
    const topics = topicsOf('unnamed', { 'status.storage.topic': ' ' })
    await assert.rejects(
      ensureInternalTopics(admin, topics, options),
      /^InternalTopicError: status\.storage\.topic is empty/,
    )
  })

  test('testExceptionOnStartWhenConfigTopicHasMultiplePartitions: a config topic of two partitions stops the worker', async () => {
    const configs = { 'cleanup.policy': 'compact' }
    await admin.createTopics([{ name: 'two-config', partitions: 2, replicationFactor: 1, configs }])
    await assert.rejects(
      ensureInternalTopics(admin, topicsOf('two'), options),
      /Topic 'two-config' supplied via the 'config.storage.topic' property is required to have a single partition .* but found 2 partitions/,
    )
    await assert.rejects(
      startTestWorker(broker.bootstrap, { 'config.storage.topic': 'two-config', 'group.id': 'two' }),
      /single partition/,
    )
  })
})

test("testStartWhenInternalTopicsCreatedManuallyWithCompactForBrokersDefaultCleanupPolicy: the broker's default counts", async (t) => {
  const broker = await startTestBroker({ 'log.cleanup.policy': 'compact' })
  const cluster = createCluster({ bootstrapServers: [broker.bootstrap] })
  t.after(async () => {
    await cluster.close()
    await broker.close()
  })
  const admin = new Admin(cluster)
  const topics = topicsOf('manual')
  await admin.createTopics(topics.map(({ config }) => ({ name: config.topic, partitions: 1, replicationFactor: 1 })))
  await ensureInternalTopics(admin, topics, options)
})
