import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type HostedTasks, jsonLines, TaskGround } from '../../support/task-ground.ts'
import { eventually } from '../../support/task-runner.ts'

interface Event {
  event: string
  task: number
  records?: [number, number, { n: number } | null][]
  partitions?: number[]
  offsets?: [number, number][]
}

let ground: TaskGround

before(async () => {
  ground = await TaskGround.open()
})

after(() => ground.close())

async function fill(topic: string, count: number, partitions = 1, value = (n: number) => `{"n":${n}}`): Promise<void> {
  await ground.admin.createTopics([{ name: topic, partitions }])
  await produce(topic, 0, count, partitions, value)
}

async function produce(
  topic: string,
  from: number,
  to: number,
  partitions = 1,
  value = (n: number) => `{"n":${n}}`,
): Promise<void> {
  const sends = Array.from({ length: to - from }, (_, i) =>
    ground.producer.send({ topic, partition: (from + i) % partitions, key: null, value: Buffer.from(value(from + i)) }),
  )
  await Promise.all(sends)
}

const host = (given?: Record<string, string>): HostedTasks => ground.host(given)

function sinkProps(
  name: string,
  given: Record<string, string> = {},
): { props: Record<string, string>; events: () => Event[] } {
  const out = join(ground.folder, `${name}.jsonl`)
  const props = { 'connector.class': 'test.CollectingSink', name, topics: name, out, ...given }
  return { props, events: () => jsonLines<Event>(out) }
}

const taken = (events: Event[]): number[] =>
  events.flatMap(({ records = [] }) => records.map(([, , value]) => value?.n ?? -1))
const upTo = (n: number, from = 0): number[] => Array.from({ length: n - from }, (_, i) => from + i)

for (const take of ['records', 'batches']) {
  test(`a sink task that takes ${take} gets all of them in order, commits, and goes on behind the commit`, async () => {
    const name = `collected-${take}`
    await fill(name, 1000)
    const { props, events } = sinkProps(name, { take })
    const id = { connector: name, task: 0 }
    const first = host()
    await first.host.startTask(id, props, props, 'STARTED')
    await eventually(() => first.host.counters()[0]?.recordsSent === 1000, 'taking 1000 records')
    await eventually(() => ground.isCommitted(`connect-${name}`, 1000), 'the commit at its interval')
    await first.host.close()
    assert.deepEqual(taken(events()), upTo(1000))
    assert.deepEqual(
      events()
        .map(({ event }) => event)
        .filter((event) => !event.startsWith('put') && event !== 'flush'),
      ['start', 'open', 'close', 'stop'],
    )
    assert.equal(
      events().some(({ event }) => event === (take === 'batches' ? 'putBatch' : 'put')),
      true,
    )
    assert.deepEqual(first.listener.states(`${name}-0`), ['RUNNING'])
    assert.deepEqual(first.listener.usedTopics(), [`${name}-0 ${name}`])

    await produce(name, 1000, 1200)
    const second = host()
    await second.host.startTask(id, props, props, 'STARTED')
    await eventually(() => second.host.counters()[0]?.recordsSent === 200, 'taking 200 more')
    await second.host.close()
    assert.deepEqual(taken(events()), upTo(1200))
  })

  test(`a task that asks for a redelivery of ${take} gets the same again, nothing twice and nothing left out`, async () => {
    const name = `again-${take}`
    await fill(name, 300)
    const { props, events } = sinkProps(name, { take, 'retriable.failures': '3' })
    const { host: tasks } = host()
    await tasks.startTask({ connector: name, task: 0 }, props, props, 'STARTED')
    await eventually(() => tasks.counters()[0]?.recordsSent === 300, 'taking 300 records')
    await tasks.close()
    assert.deepEqual(taken(events()), upTo(300))
    assert.equal(events().filter(({ event }) => event === 'retriable').length, 3)
  })

  test(`a task that rewinds gets ${take} again from there`, async () => {
    const name = `rewound-${take}`
    await fill(name, 100)
    const { props, events } = sinkProps(name, { take, 'rewind.once': 'true' })
    const { host: tasks } = host()
    await tasks.startTask({ connector: name, task: 0 }, props, props, 'STARTED')
    await eventually(
      () => new Set(taken(events())).size === 100 && taken(events()).filter((n) => n === 0).length === 2,
      'reading again',
    )
    await eventually(() => taken(events()).at(-1) === 99, 'reading to the end')
    await tasks.close()
  })
}

for (const take of ['records', 'batches']) {
  test(`after a rewind nothing of what was fetched before is delivered (${take})`, async () => {
    const name = `rewound-early-${take}`
    await ground.admin.createTopics([{ name, partitions: 1 }])
    // Several deliveries in one fetch: wire batches of one record, or one wire batch that is more than a put takes.
    if (take === 'records') await produce(name, 0, 20)
    else for (let n = 0; n < 20; n++) await produce(name, n, n + 1)
    const given = { take, 'rewind.once': 'true', 'consumer.override.max.poll.records': '5' }
    const { props, events } = sinkProps(name, given)
    const { host: tasks } = host()
    await tasks.startTask({ connector: name, task: 0 }, props, props, 'STARTED')
    const first = take === 'records' ? upTo(5) : [0]
    await eventually(() => taken(events()).length === first.length + 20, 'reading to the end')
    await tasks.close()
    assert.deepEqual(taken(events()), [...first, ...upTo(20)])
  })
}

test('what could not be flushed is delivered again from the last commit', async () => {
  await fill('unflushed', 50)
  const { props, events } = sinkProps('unflushed', { 'flush.failures': '1' })
  const { host: tasks } = host()
  await tasks.startTask({ connector: 'unflushed', task: 0 }, props, props, 'STARTED')
  const isCommitted = async (): Promise<boolean> =>
    (await ground.admin.listGroupOffsets('connect-unflushed')).some(({ offset }) => offset === 50)
  await eventually(isCommitted, 'the commit after the failed one')
  await tasks.close()
  assert.deepEqual(taken(events()), [...upTo(50), ...upTo(50)])
})

test('a value that is not JSON goes the ordinary way: skipped when all errors are tolerated, else the end of the task', async () => {
  const value = (n: number): string => (n === 5 ? '{broken' : `{"n":${n}}`)
  await fill('faulty', 10, 1, value)
  const strict = sinkProps('strict', { topics: 'faulty', take: 'batches' })
  const first = host()
  await first.host.startTask({ connector: 'strict', task: 0 }, strict.props, strict.props, 'STARTED')
  const { trace } = await first.listener.until('strict-0', 'FAILED')
  assert.match(trace ?? '', /Tolerance exceeded in error handler/)
  assert.match(trace ?? '', /VALUE_CONVERTER/)
  await first.host.close()

  const lenient = sinkProps('lenient', { topics: 'faulty', take: 'batches', 'errors.tolerance': 'all' })
  const second = host()
  await second.host.startTask({ connector: 'lenient', task: 0 }, lenient.props, lenient.props, 'STARTED')
  await eventually(() => taken(lenient.events()).at(-1) === 9, 'skipping')
  await second.host.close()
  assert.deepEqual(
    taken(lenient.events()),
    upTo(10).filter((n) => n !== 5),
  )
})

test('two tasks share the partitions, and one takes over what the other gives up', async () => {
  await fill('shared', 400, 4)
  const { props, events } = sinkProps('shared', { 'consumer.override.heartbeat.interval.ms': '50' })
  const one = host()
  const two = host()
  await one.host.startTask({ connector: 'shared', task: 0 }, props, props, 'STARTED')
  await two.host.startTask({ connector: 'shared', task: 1 }, props, props, 'STARTED')
  const open = (task: number): number[] => {
    const now = new Set<number>()
    for (const { event, task: who, partitions = [] } of events()) {
      if (who !== task) continue
      for (const partition of partitions) {
        if (event === 'open') now.add(partition)
        else now.delete(partition)
      }
    }
    return [...now].toSorted((a, b) => a - b)
  }
  await eventually(() => open(0).length === 2 && open(1).length === 2, 'sharing')
  await two.host.close()
  await eventually(() => open(0).length === 4, 'taking over')
  await produce('shared', 400, 500, 4)
  await eventually(() => new Set(taken(events())).size === 500, 'taking what came later')
  await one.host.close()
  assert.equal(taken(events()).length, 500, 'nothing was delivered twice')
})

test('topics are chosen by a regular expression, those that come later included', async () => {
  await fill('regex-a', 5)
  const { props, events } = sinkProps('regex', {
    topics: '',
    'topics.regex': 'regex-[ab]',
    'consumer.override.metadata.max.age.ms': '100',
  })
  const { host: tasks, listener } = host()
  await tasks.startTask({ connector: 'regex', task: 0 }, props, props, 'STARTED')
  await eventually(() => taken(events()).length === 5, 'taking the first topic')
  await fill('regex-b', 3)
  await fill('regex-c', 3)
  await eventually(() => taken(events()).length === 8, 'taking the second topic', 20_000)
  await tasks.close()
  assert.deepEqual(listener.usedTopics(), ['regex-0 regex-a', 'regex-0 regex-b'])
})

test('a paused sink task takes nothing, and goes on when it is resumed', async () => {
  await fill('halted', 10)
  const { props, events } = sinkProps('halted')
  const { host: tasks, listener } = host()
  await tasks.startTask({ connector: 'halted', task: 0 }, props, props, 'STARTED')
  await eventually(() => taken(events()).length === 10, 'taking')
  await tasks.setTargetState('halted', 'PAUSED')
  await listener.until('halted-0', 'PAUSED')
  await produce('halted', 10, 20)
  assert.equal(taken(events()).length, 10)
  await tasks.setTargetState('halted', 'STARTED')
  await eventually(() => taken(events()).length === 20, 'taking after the pause')
  await tasks.close()
  assert.deepEqual(listener.states('halted-0'), ['RUNNING', 'PAUSED', 'RUNNING'])
})

test('an errant record is logged and skipped when all errors are tolerated, else it ends the task', async () => {
  await fill('errant', 3)
  const settings = { topics: 'errant', 'errors.to.report': 'true', 'errors.log.enable': 'true' }
  const strict = sinkProps('errant-strict', settings)
  const { host: tasks, listener } = host()
  await tasks.startTask({ connector: 'errant-strict', task: 0 }, strict.props, strict.props, 'STARTED')
  assert.match((await listener.until('errant-strict-0', 'FAILED')).trace ?? '', /Tolerance exceeded/)
  const lenient = sinkProps('errant-lenient', { ...settings, 'errors.tolerance': 'all' })
  await tasks.startTask({ connector: 'errant-lenient', task: 0 }, lenient.props, lenient.props, 'STARTED')
  await eventually(() => taken(lenient.events()).length === 3, 'taking in spite of the error')
  await tasks.close()
})

test('a task leaves its group also when its transform throws in close', async () => {
  const name = 'sticking'
  await fill(name, 10)
  const sticking = { type: 'test.MisbehavingTransform', where: 'close', how: 'throw' }
  const transforms = Object.entries(sticking).map(([key, value]) => [`transforms.x.${key}`, value])
  const { props } = sinkProps(name, { transforms: 'x', ...Object.fromEntries(transforms) })
  const { host: tasks } = host()
  await tasks.startTask({ connector: name, task: 0 }, props, props, 'STARTED')
  await eventually(() => tasks.counters()[0]?.recordsSent === 10, 'taking 10 records')
  const members = async (): Promise<number | undefined> =>
    (await ground.admin.describeGroups([`connect-${name}`]))[0]?.members.length
  assert.equal(await members(), 1)
  await tasks.stopTasks([{ connector: name, task: 0 }])
  assert.equal(await members(), 0)
  await tasks.close()
})
