import {
  config,
  defineSink,
  type SinkTask,
  type SinkTaskContext,
  type TopicPartition,
} from '../../src/connect/index.ts'
import { SinkLoop } from '../../src/runtime/tasks/sink-loop.ts'
import type { TaskControl } from '../../src/runtime/tasks/task-control.ts'
import { FakeSinkConsumer } from './fake-sink-consumer.ts'
import { fakeEnvironment, type FakeEnvironmentOptions } from './task-environment.ts'

/** A sink loop that has started, over a consumer that plays what the test tells it. */
export interface PlayedSink {
  readonly loop: SinkLoop
  readonly consumer: FakeSinkConsumer
  readonly control: TaskControl
}

/** Starts a sink loop with the task that `startTask` makes, and gives it a partition in its first iteration. */
export async function playSink(
  partition: TopicPartition,
  startTask: (context: SinkTaskContext) => SinkTask,
  options: FakeEnvironmentOptions = {},
): Promise<PlayedSink> {
  const consumer = new FakeSinkConsumer(0)
  const { env, control } = fakeEnvironment(options)
  const plugin = defineSink({
    class: 'test.Task',
    version: '1.0.0',
    summary: 'For tests.',
    config: config({}),
    startTask: (_props, context) => startTask(context),
  })
  const loop = new SinkLoop(plugin, env, () => ({
    consumer,
    maxRecords: 500,
    subscription: { topics: [partition.topic] },
    disconnect: () => Promise.resolve(),
  }))
  consumer.polls.push(async () => {
    await consumer.assign(partition)
    return []
  })
  await loop.start()
  await loop.iteration()
  return { loop, consumer, control }
}
