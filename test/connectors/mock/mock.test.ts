import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mockSink, mockSource } from '../../../connectors/mock/index.ts'
import { sinkHarness, sinkRecord, sourceHarness } from '../../../src/connect/testing/index.ts'

const soon = { delay_ms: '30' }
/** Long enough for what has to come before the failure, on a busy machine too. */
const later = { delay_ms: '300' }

async function eventually(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5000
  while (!(await isTrue())) {
    assert.ok(Date.now() < deadline, 'it did not come about in time')
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('connector-failure: the connector raises an error after the delay, its task goes on', async (t) => {
  // The start, which loads the task's module, may take longer than the delay.
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const source = sourceHarness(mockSource, { mock_mode: 'connector-failure', ...soon })
  await source.start()
  t.mock.timers.tick(29)
  assert.equal(source.logger.lines.length, 0)
  t.mock.timers.tick(1)
  assert.match(
    String(Object.values(source.logger.lines[0]?.fields ?? {})[0]),
    /30 ms .* mock_mode is connector-failure/,
  )
  t.mock.timers.reset()
  assert.equal(await source.poll(), null)
  await source.stop()
})

test('a connector that is stopped before the delay raises nothing', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const sink = sinkHarness(mockSink, { mock_mode: 'connector-failure', ...soon })
  const other = sinkHarness(mockSink, { mock_mode: 'connector-failure', ...soon })
  await sink.start()
  await sink.kill()
  await other.start()
  t.mock.timers.tick(30)
  assert.equal(other.logger.lines.length, 1)
  assert.equal(sink.logger.lines.length, 0)
  await other.kill()
})

test('task-failure: the source task fails after the delay', async () => {
  const source = sourceHarness(mockSource, { mock_mode: 'task-failure', ...later })
  await source.start()
  assert.equal(await source.poll(), null)
  await assert.rejects(async () => {
    for (;;) await source.poll()
  }, /Failing 300 ms after the start, because mock_mode is task-failure/)
  assert.equal(source.logger.lines.length, 0)
  await source.stop()
})

test('task-failure: the sink task asks to be woken, and fails after the delay', async () => {
  const sink = sinkHarness(mockSink, { mock_mode: 'task-failure', ...later })
  await sink.start()
  assert.ok(sink.timeoutMs !== null && sink.timeoutMs <= 250)
  await sink.put(sinkRecord({ value: 1, kafkaOffset: 0 }))
  await assert.rejects(
    eventually(async () => {
      await sink.put()
      return false
    }),
    /because mock_mode is task-failure/,
  )
  await sink.kill()
})

test('any other mode fails nothing', async () => {
  for (const props of [{}, { mock_mode: 'else', delay_ms: '0' }] as Record<string, string>[]) {
    await using source = sourceHarness(mockSource, props)
    await source.start()
    assert.equal(await source.poll(), null)
    await using sink = sinkHarness(mockSink, props)
    await sink.start()
    await sink.put()
    assert.equal(sink.timeoutMs, null)
  }
})

test('there is one task, whatever tasks.max is', async () => {
  await assert.rejects(sourceHarness(mockSource, {}, { maxTasks: 3, task: 1 }).start(), /has 1 tasks, no task 1/)
})
