import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConnectorStateInfo } from '../../../src/runtime/index.ts'
import { startChildBroker } from '../../support/broker.ts'
import { startTestWorker } from '../../support/connect-worker.ts'
import { FakeTaskRunner } from '../../support/fake-task-runner.ts'
import { eventually } from '../../support/task-runner.ts'

test('a worker stops its work while the brokers are away, and takes it up again when they are back', async (t) => {
  const broker = await startChildBroker()
  t.after(() => broker.close())
  const runners: FakeTaskRunner[] = []
  const worker = await startTestWorker(
    broker.bootstrap,
    // It does not wait for the end of its session: a heartbeat without a coordinator is enough.
    { 'session.timeout.ms': '60000' },
    {
      makeRunner: (_config, listener) => {
        runners.push(new FakeTaskRunner(listener))
        return runners[0] as FakeTaskRunner
      },
    },
  )
  t.after(() => worker.stop())
  const runner = runners[0] as FakeTaskRunner
  const config = { 'connector.class': 'FakeSource', topic: 't', 'tasks.max': '2' }
  await worker.call('PUT', '/connectors/c/config', config)
  await eventually(() => runner.tasks.size === 2, 'starting')
  await broker.kill9()
  await eventually(() => runner.tasks.size === 0 && runner.connectors.size === 0, 'stopping', 20_000)
  assert.deepEqual((await worker.call('GET', '/connectors/c/config')).body, { ...config, name: 'c' })
  await broker.restart()
  await eventually(() => runner.tasks.size === 2, 'starting again', 30_000)
  const isRunning = async (): Promise<boolean> => {
    const { connector, tasks } = (await worker.call('GET', '/connectors/c/status')).body as ConnectorStateInfo
    return connector.state === 'RUNNING' && tasks.length === 2 && tasks.every(({ state }) => state === 'RUNNING')
  }
  await eventually(isRunning, 'the status')
  assert.equal((await worker.call('PUT', '/connectors/d/config', config)).status, 201)
  await eventually(() => runner.tasks.size === 4, 'another connector')
})
