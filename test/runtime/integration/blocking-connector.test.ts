import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { ConnectCluster } from '../../support/connect-cluster.ts'
import { eventually } from '../../support/task-runner.ts'

/**
 * Kafka's BlockingConnectorTest: one worker, whose calls into plugins may take three seconds; after each block, another
 * connector starts and moves 100 records. `testBlockInConnectorConfig` has nothing to block in: the definition of a
 * configuration is data, no call.
 */
describe('BlockingConnectorTest', () => {
  let cluster: ConnectCluster
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'blocking-connector-'))
    cluster = await ConnectCluster.start(1, {
      'plugin.call.timeout.ms': '3000',
      'task.shutdown.graceful.timeout.ms': '500',
      // One may be held by a validation.
      'task.threads': '2',
      'task.thread.unresponsive.ms': '4000',
    })
  })

  after(async () => {
    await cluster?.close()
    await rm(folder, { recursive: true, force: true })
  })

  const blocking = (kind: 'Source' | 'Sink', name: string, block: string): Record<string, string> => ({
    'connector.class': `Blocking${kind}`,
    'tasks.max': '1',
    ...(kind === 'Sink' ? { topics: 'blocked' } : { topic: 'blocked' }),
    block,
    'blocks.to': join(folder, name),
  })

  /** Waits until it has blocked so often. */
  async function untilBlocked(name: string, times = 1): Promise<void> {
    await eventually(
      async () => (await readFile(join(folder, name), 'utf8').catch(() => '')).split('\n').length > times,
      `${name} blocking for the ${times}. time`,
      20_000,
    )
  }

  const createOther = (name: string): Promise<void> =>
    cluster.configure(name, {
      'connector.class': 'MonitorableSource',
      'tasks.max': '1',
      topic: name,
      'max.messages': '100',
    })

  async function expectOtherMoved(name: string): Promise<void> {
    await cluster.until(name, 'RUNNING', 1)
    await eventually(async () => (await cluster.offsets(name))[0]?.offset['saved'] === 100, '100 records', 15_000)
    await cluster.expect(204, 'DELETE', `/connectors/${name}`)
  }

  /** Another connector starts and moves records all the same. */
  async function expectOthersRun(name: string): Promise<void> {
    await createOther(name)
    await expectOtherMoved(name)
  }

  /** The request is given up, and says what the worker was doing. */
  async function expectTimeout(stage: string, method: string, path: string, body?: unknown): Promise<void> {
    const answer = await cluster.withRequestTimeout(1000, () => cluster.expect(500, method, path, body))
    const { error_code, message } = answer as { error_code: number; message: string }
    assert.equal(error_code, 500)
    assert.match(message, new RegExp(`^Request timed out\\. The worker is currently ${stage}, which began at `))
  }

  async function remove(name: string): Promise<void> {
    await cluster.expect(204, 'DELETE', `/connectors/${name}`)
    await cluster.untilGone(name)
  }

  test('testBlockInConnectorValidate: its creation is given up and says why, and it is not created', async () => {
    const path = '/connectors/connector-validate/config'
    const config = blocking('Source', 'connector-validate', 'Connector::validate')
    await expectTimeout('performing multi-property validation for the connector', 'PUT', path, config)
    await untilBlocked('connector-validate')
    await expectOthersRun('beside-connector-validate')
    assert.deepEqual(await cluster.expect(200, 'GET', '/connectors'), [])
  })

  for (const hook of ['Initialize', 'Start']) {
    test(`testBlockInConnector${hook}: others run, a restart is given up and says why, and it is FAILED with what it hung in`, async () => {
      const name = `connector-${hook.toLowerCase()}`
      await cluster.configure(name, blocking('Source', name, `Connector::${hook.toLowerCase()}`))
      await untilBlocked(name)
      await expectOthersRun(`beside-${name}`)
      await expectTimeout('starting the connector', 'POST', `/connectors/${name}/restart`)
      await untilBlocked(name, 2)
      // The instance before this one hangs still.
      await expectTimeout('starting the connector', 'POST', `/connectors/${name}/restart`)
      const failed = await cluster.until(name, 'FAILED', 0)
      assert.match(failed.connector.trace ?? '', /startConnector\(\) did not finish within 3000 ms/)
      await remove(name)
    })
  }

  test('testBlockInConnectorStop: it is deleted all the same', async () => {
    await cluster.configure('connector-stop', blocking('Source', 'connector-stop', 'Connector::stop'))
    await cluster.until('connector-stop', 'RUNNING', 1)
    await remove('connector-stop')
    await untilBlocked('connector-stop')
    await expectOthersRun('beside-connector-stop')
  })

  for (const kind of ['Source', 'Sink'] as const) {
    const prefix = `${kind.toLowerCase()}-task`

    test(`testBlockIn${kind}TaskStart: others run`, async () => {
      await cluster.configure(`${prefix}-start`, blocking(kind, `${prefix}-start`, 'Task::start'))
      await untilBlocked(`${prefix}-start`)
      await expectOthersRun(`beside-${prefix}-start`)
      await remove(`${prefix}-start`)
    })

    test(`testBlockIn${kind}TaskStop: it is deleted all the same, and others run`, async () => {
      await cluster.configure(`${prefix}-stop`, blocking(kind, `${prefix}-stop`, 'Task::stop'))
      await cluster.until(`${prefix}-stop`, 'RUNNING', 1)
      await remove(`${prefix}-stop`)
      await untilBlocked(`${prefix}-stop`)
      await expectOthersRun(`beside-${prefix}-stop`)
    })
  }

  test('testWorkerRestartWithBlockInConnectorStart: the worker leaves all the same, and the next one hangs there as well', async () => {
    await cluster.configure('start-again', blocking('Source', 'start-again', 'Connector::start'))
    await untilBlocked('start-again')
    await createOther('beside-start-again')
    await cluster.removeWorker()
    await cluster.addWorker()
    await untilBlocked('start-again', 2)
    await expectOtherMoved('beside-start-again')
    await remove('start-again')
  })

  test('testWorkerRestartWithBlockInConnectorStop: the worker leaves all the same, and everything runs on the next one', async () => {
    await cluster.configure('stop-again', blocking('Source', 'stop-again', 'Connector::stop'))
    await cluster.until('stop-again', 'RUNNING', 1)
    await createOther('beside-stop-again')
    await cluster.until('beside-stop-again', 'RUNNING', 1)
    await cluster.removeWorker()
    await untilBlocked('stop-again')
    await cluster.addWorker()
    await cluster.until('stop-again', 'RUNNING', 1)
    await expectOtherMoved('beside-stop-again')
    await remove('stop-again')
  })
})
