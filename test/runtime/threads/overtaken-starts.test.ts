import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { withDeadline } from '../../../src/base/deadline.ts'
import { silentLogger } from '../../../src/base/logger.ts'
import { TaskHost } from '../../../src/runtime/threads/task-host.ts'
import { RecordingListener, testWorkerConfig } from '../../support/task-runner.ts'

const id = { connector: 'hasty', task: 0 }
const props = {
  'connector.class': 'test.CountingSource',
  name: 'hasty',
  topic: 'hasty',
  count: '10',
  'per.poll': '10',
  mode: 'rows',
  'tasks.max': '1',
}

function begin(t: TestContext): { host: TaskHost; listener: RecordingListener } {
  const listener = new RecordingListener()
  // There is no broker: nothing must come as far as asking for one.
  const host = new TaskHost({ config: testWorkerConfig('127.0.0.1:1'), listener, logger: silentLogger })
  t.after(() => host.close())
  return { host, listener }
}

test('what is stopped while plugins are still being loaded for it does not run afterwards', async (t) => {
  const { host: stopped, listener } = begin(t)
  const starts = [stopped.startTask(id, props, props, 'STARTED'), stopped.startConnector('hasty', props, 'STARTED')]
  await Promise.all([stopped.stopTasks([id]), stopped.stopConnector('hasty')])
  // They are the first here for which plugins are loaded, which takes a while on a busy machine.
  await withDeadline(Promise.all(starts), 30_000, 'Ending the starts')
  assert.deepEqual(stopped.counters(), [])
  await assert.rejects(stopped.taskConfigs('hasty', 1), /does not run here/)
  assert.deepEqual(listener.reports, [])
})

test('what cannot start is not said to have failed when it was stopped before', async (t) => {
  const { host: stopped, listener } = begin(t)
  const unknown = { ...props, 'connector.class': 'test.Unknown' }
  const starts = [
    stopped.startTask(id, unknown, unknown, 'STARTED'),
    stopped.startConnector('hasty', unknown, 'STARTED'),
  ]
  await Promise.all([stopped.stopTasks([id]), stopped.stopConnector('hasty')])
  for (const start of starts) await assert.rejects(start, /test\.Unknown/)
  assert.deepEqual(listener.reports, [])
})

test('of two starts of a connector at once the later one counts', async (t) => {
  const { host: twice, listener } = begin(t)
  const start = (topic: string): Promise<void> => twice.startConnector('hasty', { ...props, topic }, 'STARTED')
  await Promise.all([start('first'), start('second')])
  assert.deepEqual(listener.states('hasty'), ['RUNNING'])
  assert.equal((await twice.taskConfigs('hasty', 1))[0]?.['topic'], 'second')
})

test('what is paused while plugins are still being loaded for it starts paused', async (t) => {
  const { host: paused, listener } = begin(t)
  const starts = [paused.startTask(id, props, props, 'STARTED'), paused.startConnector('hasty', props, 'STARTED')]
  await paused.setTargetState('hasty', 'PAUSED')
  await Promise.all(starts)
  await listener.until('hasty-0', 'PAUSED')
  await listener.until('hasty', 'PAUSED')
  assert.ok(!listener.states('hasty').includes('RUNNING') && !listener.states('hasty-0').includes('RUNNING'))
})
