import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import { Admin, createCluster } from '../../../src/client/index.ts'
import { TaskThreads } from '../../../src/runtime/threads/task-threads.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { eventually, RecordingListener, testWorkerConfig } from '../../support/task-runner.ts'

let broker: TestBroker
let threads: TaskThreads

before(async () => {
  broker = await startTestBroker()
  const cluster = createCluster({ bootstrapServers: [broker.bootstrap] })
  await new Admin(cluster).createTopics([
    { name: 'test-offsets', partitions: 1, configs: { 'cleanup.policy': 'compact' } },
  ])
  await cluster.close()
  const config = testWorkerConfig(broker.bootstrap, { 'task.threads': '1' })
  threads = new TaskThreads({ config, listener: new RecordingListener(), logger: silentLogger, logLevel: 'silent' })
})

after(async () => {
  await threads.stop()
  await broker.close()
})

const LIMIT_MS = 1500

test('tasks that hang in a call, or ask for the same call again and again, are named; one that goes on is not', async () => {
  for (const how of ['never', 'retriable', 'nothing']) {
    const where = how === 'nothing' ? 'nowhere' : 'poll'
    const props = {
      'connector.class': 'test.MisbehavingSource',
      name: how,
      topic: how,
      where,
      ...(how === 'nothing' ? {} : { how }),
    }
    await threads.startTask({ connector: how, task: 0 }, props, props, 'STARTED')
  }
  // A pause of the machine may make the third one look the same for a moment.
  const stalled = await eventually(async () => {
    const found = await threads.stalledTasks(LIMIT_MS)
    const names = found.map(({ connector, hook }) => `${connector} in ${hook}`).toSorted((a, b) => a.localeCompare(b))
    return names.join() === 'never in poll,retriable in poll' ? found : null
  }, 'the two that do not move being named, and no other')
  for (const { forMs } of stalled) assert.ok(forMs >= LIMIT_MS, `${forMs} ms`)
  await threads.setTargetState('retriable', 'PAUSED')
  await eventually(async () => {
    const found = await threads.stalledTasks(LIMIT_MS)
    return found.every(({ connector }) => connector !== 'retriable')
  }, 'a paused task not being named')
})
