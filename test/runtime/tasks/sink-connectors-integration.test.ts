import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { TaskHost } from '../../../src/runtime/threads/task-host.ts'
import { jsonLines, TaskGround } from '../../support/task-ground.ts'
import { eventually } from '../../support/task-runner.ts'

// Kafka Connect's SinkConnectorsIntegrationTest, and what else concerns sinks and their group.

const STRING = 'org.apache.kafka.connect.storage.StringConverter'

let ground: TaskGround

before(async () => {
  ground = await TaskGround.open()
})

after(() => ground.close())

interface Event {
  event: string
  task: number
  names?: string[]
  records?: [number, number, string][]
}

interface Sink {
  readonly host: TaskHost
  values(): string[]
  /** `topic-partition` with how often it was assigned, revoked and committed. */
  counts(): Record<string, [assigned: number, revoked: number, committed: number]>
  assignment(): string[]
}

async function startSink(
  name: string,
  given: Record<string, string>,
  onEnd: (end: () => Promise<void>) => void,
): Promise<Sink> {
  const out = join(ground.folder, `${name}.jsonl`)
  const { host } = ground.host({ 'offset.flush.interval.ms': '600000' })
  onEnd(() => host.close())
  const props = {
    'connector.class': 'test.CollectingSink',
    name,
    out,
    'key.converter': STRING,
    'value.converter': STRING,
    'consumer.override.metadata.max.age.ms': '100',
    'consumer.override.heartbeat.interval.ms': '50',
    'consumer.override.allow.auto.create.topics': 'false',
    'consumer.override.default.api.timeout.ms': '5000',
    ...given,
  }
  await host.startTask({ connector: name, task: 0 }, props, props, 'STARTED')
  const events = (): Event[] => jsonLines<Event>(out)
  const counts: Sink['counts'] = () => {
    const found: ReturnType<Sink['counts']> = {}
    for (const { event, names = [] } of events()) {
      for (const partition of names) {
        const entry = (found[partition] ??= [0, 0, 0])
        if (event === 'open') entry[0]++
        if (event === 'close') entry[1]++
        if (event === 'flush') entry[2]++
      }
    }
    return found
  }
  return {
    host,
    values: () => events().flatMap(({ records = [] }) => records.map(([, , value]) => value)),
    counts,
    assignment: () =>
      Object.entries(counts())
        .filter(([, [assigned, revoked]]) => assigned > revoked)
        .map(([partition]) => partition)
        .toSorted(),
  }
}

async function produce(topic: string, ...values: string[]): Promise<void> {
  for (const value of values) await ground.producer.send({ topic, key: null, value: Buffer.from(value) })
}

/** Creates topics one by one and deletes the first; gives the counts after each step. */
async function walk(prefix: string, sink: Sink): Promise<ReturnType<Sink['counts']>[]> {
  const steps: ReturnType<Sink['counts']>[] = []
  const expected: string[] = []
  const taken = async (topic: string, ...values: string[]): Promise<void> => {
    await produce(topic, ...values)
    expected.push(...values)
    await eventually(() => expected.every((value) => sink.values().includes(value)), `taking ${values.join()}`, 20_000)
  }
  for (const n of [1, 2, 3]) {
    await ground.admin.createTopics([{ name: `${prefix}${n}`, partitions: 1 }])
    await taken(`${prefix}${n}`, `${prefix}${n}-v1`)
    if (n > 1) await taken(`${prefix}${n - 1}`, `${prefix}${n - 1}-v${n}`)
    steps.push(sink.counts())
  }
  await ground.admin.deleteTopics([`${prefix}1`])
  const rest = [`${prefix}2-0`, `${prefix}3-0`]
  await eventually(() => sink.assignment().join() === rest.join(), 'losing the deleted topic', 20_000)
  await taken(`${prefix}3`, `${prefix}3-v9`)
  await taken(`${prefix}2`, `${prefix}2-v9`)
  steps.push(sink.counts())
  assert.equal(new Set(sink.values()).size, sink.values().length, 'nothing was delivered twice')
  return steps
}

for (const [strategy, className] of [
  ['round robin', 'org.apache.kafka.clients.consumer.RoundRobinAssignor'],
  ['sticky', 'org.apache.kafka.clients.consumer.StickyAssignor'],
  ['range', 'org.apache.kafka.clients.consumer.RangeAssignor'],
] as const) {
  test(`testEagerConsumerPartitionAssignment (${strategy}): every change revokes, commits and assigns everything`, async (t) => {
    const prefix = `eager-${strategy.replace(' ', '')}`
    const topics = [1, 2, 3].map((n) => `${prefix}${n}`).join()
    const given = { topics, 'consumer.override.partition.assignment.strategy': className }
    const sink = await startSink(prefix, given, (end) => t.after(end))
    assert.deepEqual(await walk(prefix, sink), [
      { [`${prefix}1-0`]: [1, 0, 0] },
      { [`${prefix}1-0`]: [2, 1, 1], [`${prefix}2-0`]: [1, 0, 0] },
      { [`${prefix}1-0`]: [3, 2, 2], [`${prefix}2-0`]: [2, 1, 1], [`${prefix}3-0`]: [1, 0, 0] },
      { [`${prefix}1-0`]: [3, 3, 3], [`${prefix}2-0`]: [3, 2, 2], [`${prefix}3-0`]: [2, 1, 1] },
    ])
  })
}

test('testCooperativeConsumerPartitionAssignment: only what goes is revoked and committed', async (t) => {
  const prefix = 'cooperative'
  const topics = [1, 2, 3].map((n) => `${prefix}${n}`).join()
  const strategy = 'org.apache.kafka.clients.consumer.CooperativeStickyAssignor'
  const given = { topics, 'consumer.override.partition.assignment.strategy': strategy }
  const sink = await startSink(prefix, given, (end) => t.after(end))
  assert.deepEqual(await walk(prefix, sink), [
    { [`${prefix}1-0`]: [1, 0, 0] },
    { [`${prefix}1-0`]: [1, 0, 0], [`${prefix}2-0`]: [1, 0, 0] },
    { [`${prefix}1-0`]: [1, 0, 0], [`${prefix}2-0`]: [1, 0, 0], [`${prefix}3-0`]: [1, 0, 0] },
    { [`${prefix}1-0`]: [1, 1, 1], [`${prefix}2-0`]: [1, 0, 0], [`${prefix}3-0`]: [1, 0, 0] },
  ])
})

test('a static member that comes back within its session gets its partitions, and the others notice nothing', async (t) => {
  await ground.admin.createTopics([{ name: 'static', partitions: 4 }])
  const given = { topics: 'static', 'consumer.override.group.id': 'static-group' }
  const instance = (id: string): Record<string, string> => ({ ...given, 'consumer.override.group.instance.id': id })
  const first = await startSink('static-a', instance('a'), (end) => t.after(end))
  const second = await startSink('static-b', instance('b'), (end) => t.after(end))
  await eventually(() => first.assignment().length === 2 && second.assignment().length === 2, 'sharing')
  const before = second.counts()
  const had = first.assignment()
  await first.host.close()
  const again = await startSink('static-a', instance('a'), (end) => t.after(end))
  await eventually(() => again.assignment().join() === had.join(), 'coming back')
  await Promise.all(
    [0, 1, 2, 3].map((partition) =>
      ground.producer.send({ topic: 'static', partition, key: null, value: Buffer.from(`p${partition}`) }),
    ),
  )
  await eventually(() => again.values().length === 2 && second.values().length === 2, 'taking records on both')
  assert.deepEqual(second.counts(), before)
})
