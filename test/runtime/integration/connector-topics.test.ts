import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { ConnectCluster } from '../../support/connect-cluster.ts'
import { startTestWorker } from '../../support/connect-worker.ts'
import { readTopic } from '../../support/read-topic.ts'
import { eventually } from '../../support/task-runner.ts'

/** Kafka's ConnectorTopicsIntegrationTest. */
describe('ConnectorTopicsIntegrationTest', () => {
  let cluster: ConnectCluster

  before(async () => {
    cluster = await ConnectCluster.start(5)
  })

  after(() => cluster?.close())

  const source = (topic: string, most: string): Record<string, string> => ({
    'connector.class': 'MonitorableSource',
    'tasks.max': '1',
    topic,
    throughput: '20',
    'max.messages': most,
  })

  async function topics(name: string, worker = cluster.workers[0]): Promise<string[]> {
    const { body } = await cluster.call('GET', `/connectors/${name}/topics`, undefined, worker)
    return (body as Record<string, { topics: string[] }>)[name]?.topics.toSorted() ?? []
  }

  async function untilTopics(name: string, expected: string[]): Promise<void> {
    let last: string[] = []
    await eventually(
      async () => (last = await topics(name)).join() === expected.join(),
      `${name} using ${expected.join()}`,
      60_000,
    ).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}; it was ${last.join()}`)
    })
  }

  /** Keys of everything in a status topic. */
  async function statusKeys(topic: string): Promise<string[]> {
    const kafka = new Kafka({ brokers: [cluster.broker.bootstrap], logLevel: logLevel.NOTHING })
    const admin = kafka.admin()
    await admin.connect()
    const offsets = await admin.fetchTopicOffsets(topic)
    await admin.disconnect()
    const count = offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
    return (await readTopic(cluster.broker.bootstrap, topic, count)).map(({ key }) => key ?? '')
  }

  test('testGetActiveTopics: exactly those that were used, none of a deleted connector, and after a reset those in use', async () => {
    assert.deepEqual(await topics('nobody'), [])
    await cluster.configure('foo', source('foo-topic', '3'))
    await untilTopics('foo', ['foo-topic'])
    await cluster.configure('bar', source('bar-topic', '1000000'))
    await untilTopics('bar', ['bar-topic'])
    await cluster.configure('sink', { 'connector.class': 'MonitorableSink', topics: 'foo-topic, bar-topic' })
    await untilTopics('sink', ['bar-topic', 'foo-topic'])
    await cluster.expect(204, 'DELETE', '/connectors/foo')
    await untilTopics('foo', [])
    await eventually(
      async () => {
        await cluster.expect(202, 'PUT', '/connectors/sink/topics/reset')
        return (await topics('sink')).join() !== 'bar-topic,foo-topic'
      },
      'the reset',
      10_000,
    )
    await untilTopics('sink', ['bar-topic'])
    for (const name of ['bar', 'sink']) await cluster.expect(204, 'DELETE', `/connectors/${name}`)
  })

  for (const [title, props, getStatus] of [
    [
      'testTopicTrackingResetIsDisabled: the list is there, its reset is refused',
      { 'topic.tracking.allow.reset': 'false' },
      200,
    ],
    ['testTopicTrackingIsDisabled: list and reset are refused', { 'topic.tracking.enable': 'false' }, 403],
  ] as const) {
    test(title, async () => {
      const group = title.slice(0, title.indexOf(':'))
      const worker = await startTestWorker(cluster.broker.bootstrap, {
        ...props,
        'group.id': group,
        'config.storage.topic': `${group}-configs`,
        'offset.storage.topic': `${group}-offsets`,
        'status.storage.topic': `${group}-status`,
      })
      try {
        await worker.call('PUT', '/connectors/seen/config', source(`${group}-topic`, '1000000'))
        const list = (): ReturnType<typeof worker.call> => worker.call('GET', '/connectors/seen/topics')
        await eventually(async () => {
          const { status, body } = await list()
          return status === 403 || (body as { seen: { topics: string[] } }).seen.topics.length === 1
        }, 'a topic')
        assert.equal((await list()).status, getStatus)
        const reset = await worker.call('PUT', '/connectors/seen/topics/reset')
        assert.equal(reset.status, 403)
        const what = getStatus === 403 ? 'Topic tracking is disabled.' : 'Topic tracking reset is disabled.'
        assert.equal((reset.body as { message: string }).message, what)
        if (getStatus === 200) {
          assert.deepEqual((await list()).body, { seen: { topics: [`${group}-topic`] } }, 'as it was')
        } else {
          // Records were sent, and nothing was written of it.
          await readTopic(cluster.broker.bootstrap, `${group}-topic`, 1)
          const keys = await statusKeys(`${group}-status`)
          assert.ok(keys.includes('status-task-seen-0'), keys.join())
          assert.deepEqual(
            keys.filter((key) => key.startsWith('status-topic-')),
            [],
          )
        }
      } finally {
        await worker.stop()
      }
    })
  }
})
