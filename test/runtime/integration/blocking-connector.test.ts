import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ConnectCluster } from '../../support/connect-cluster.ts'
import { eventually } from '../../support/task-runner.ts'

/** Kafka's BlockingConnectorTest, with one worker whose calls into plugins may take two seconds. */
describe('BlockingConnectorTest', () => {
  let cluster: ConnectCluster

  before(async () => {
    cluster = await ConnectCluster.start(1, {
      'plugin.call.timeout.ms': '2000',
      'task.shutdown.graceful.timeout.ms': '500',
    })
  })

  after(() => cluster?.close())

  const blocking = (kind: 'Source' | 'Sink', block: string): Record<string, string> => ({
    'connector.class': `Blocking${kind}`,
    'tasks.max': '1',
    ...(kind === 'Sink' ? { topics: 'blocked' } : { topic: 'blocked' }),
    block,
  })

  /** Another connector starts and moves records all the same. */
  async function expectOthersRun(name: string): Promise<void> {
    await cluster.configure(name, {
      'connector.class': 'MonitorableSource',
      'tasks.max': '1',
      topic: name,
      'max.messages': '100',
    })
    await cluster.until(name, 'RUNNING', 1)
    await eventually(async () => (await cluster.offsets(name))[0]?.offset['saved'] === 100, '100 records', 15_000)
    await cluster.expect(204, 'DELETE', `/connectors/${name}`)
  }

  for (const hook of ['Initialize', 'Start']) {
    test(`testBlockInConnector${hook}: it is FAILED with what it hung in, and others run`, async () => {
      const name = `connector-${hook.toLowerCase()}`
      await cluster.configure(name, blocking('Source', `Connector::${hook.toLowerCase()}`))
      await expectOthersRun(`beside-${name}`)
      const failed = await cluster.until(name, 'FAILED', 0)
      assert.match(failed.connector.trace ?? '', /startConnector\(\) did not finish within 2000 ms/)
      await cluster.expect(204, 'DELETE', `/connectors/${name}`)
    })
  }

  test('testBlockInConnectorStop: it is deleted all the same', async () => {
    await cluster.configure('connector-stop', blocking('Source', 'Connector::stop'))
    await cluster.until('connector-stop', 'RUNNING', 1)
    await cluster.expect(204, 'DELETE', '/connectors/connector-stop')
    await cluster.untilGone('connector-stop')
    await expectOthersRun('beside-connector-stop')
  })

  for (const kind of ['Source', 'Sink'] as const) {
    test(`testBlockIn${kind}TaskStart, testBlockIn${kind}TaskStop: others run`, async () => {
      for (const hook of ['start', 'stop']) {
        const name = `${kind.toLowerCase()}-task-${hook}`
        await cluster.configure(name, blocking(kind, `Task::${hook}`))
        await eventually(async () => (await cluster.status(name))?.connector.state === 'RUNNING', 'its start', 10_000)
        await expectOthersRun(`beside-${name}`)
        await cluster.expect(204, 'DELETE', `/connectors/${name}`)
        await cluster.untilGone(name)
      }
    })
  }
})
