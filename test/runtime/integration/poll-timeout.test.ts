import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { startTestWorker, type TestWorker } from '../../support/connect-worker.ts'
import { recordingPino } from '../../support/recording-pino.ts'
import { eventually } from '../../support/task-runner.ts'
import type { ConnectorStateInfo } from '../../../src/runtime/index.ts'

/** Of Kafka's ConnectWorkerIntegrationTest: a worker that hangs in the stop of a task for longer than a rebalance may take. */
describe('ConnectWorkerIntegrationTest: a worker that hangs', () => {
  const { logger, lines } = recordingPino()
  let broker: TestBroker
  let worker: TestWorker
  let folder: string

  const status = async (name: string): Promise<ConnectorStateInfo | null> => {
    const { status: code, body } = await worker.call('GET', `/connectors/${name}/status`)
    return code === 200 ? (body as ConnectorStateInfo) : null
  }
  const running = async (name: string): Promise<boolean> => {
    const found = await status(name)
    return found?.connector.state === 'RUNNING' && found.tasks.length === 1 && found.tasks[0]?.state === 'RUNNING'
  }
  const create = async (name: string, config: Record<string, string>): Promise<void> => {
    await worker.call('PUT', `/connectors/${name}/config`, { 'tasks.max': '1', topic: name, ...config })
    await eventually(() => running(name), `${name} running`, 15_000)
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-poll-timeout-'))
    broker = await startTestBroker()
    const props = {
      'rebalance.timeout.ms': '700',
      // The stop hangs until the test has seen what it is to see.
      'task.shutdown.graceful.timeout.ms': '30000',
      'scheduled.rebalance.max.delay.ms': '300000',
    }
    worker = await startTestWorker(broker.bootstrap, props, { logger })
  })

  after(async () => {
    await worker?.stop()
    await broker?.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('testPollTimeoutExpiry: it leaves the group, says in which stage it hangs, and is back when that is over', async () => {
    const gate = join(folder, 'gate')
    await writeFile(gate, '')
    await create('blocked', { 'connector.class': 'BlockingSource', block: 'Task::stop', 'block.while': gate })
    await create('beside', { 'connector.class': 'BlockingSource' })
    const admin = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    const members = async (): Promise<number> => {
      const { groups } = await admin.describeGroups(['connect-test'])
      return groups[0]?.members.length ?? 0
    }
    try {
      // To start a thread for the connectors may have taken longer than a rebalance.
      await eventually(async () => (await members()) === 1, 'the worker in its group')
      lines.length = 0
      const restart = worker.call('POST', '/connectors/blocked/tasks/0/restart')
      const warning = await eventually(
        () => lines.find(({ msg }) => msg.includes('worker poll timeout has expired')),
        'the warning',
      )
      assert.equal(warning.level, 40)
      assert.equal(warning['logger'], 'org.apache.kafka.connect.runtime.distributed.DistributedHerder')
      assert.ok(
        warning.msg.includes('The last known action being performed by the worker is : restarting task blocked-0'),
        warning.msg,
      )
      await eventually(async () => (await members()) === 0, 'the group being empty')
      await rm(gate)
      assert.equal((await restart).status, 204)
      await eventually(async () => (await members()) === 1, 'the worker being back', 15_000)
      await eventually(() => running('blocked'), 'the task running again', 15_000)
      await create('after', { 'connector.class': 'BlockingSource' })
      assert.ok(await running('beside'))
      assert.ok(
        !lines.some(({ msg }) => /Still away|Lost the membership/.test(msg)),
        'what ran beside it was left alone',
      )
    } finally {
      await rm(gate, { force: true })
      await admin.disconnect()
    }
  })
})
