import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import { Admin, createCluster, type Cluster } from '../../../src/client/index.ts'
import { TaskThreads } from '../../../src/runtime/threads/task-threads.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { eventually, RecordingListener, testPlugins, testWorkerConfig } from '../../support/task-runner.ts'

let broker: TestBroker
let cluster: Cluster
let started: TaskThreads[] = []
/** For tests after which the thread goes on: to start one takes longer than most of them. */
let shared: Started

before(async () => {
  broker = await startTestBroker()
  cluster = createCluster({ bootstrapServers: [broker.bootstrap] })
  await new Admin(cluster).createTopics([
    { name: 'test-offsets', partitions: 1, configs: { 'cleanup.policy': 'compact' } },
  ])
  shared = start({ 'plugin.call.timeout.ms': '500' })
  started = []
})

afterEach(async () => {
  await Promise.all(started.map((threads) => threads.stop()))
  started = []
})

after(async () => {
  await shared.threads.stop()
  await cluster.close()
  await broker.close()
})

interface Started {
  readonly threads: TaskThreads
  readonly listener: RecordingListener
}

function start(given: Record<string, string> = {}): Started {
  const listener = new RecordingListener()
  const config = testWorkerConfig(broker.bootstrap, {
    'task.threads': '1',
    'task.thread.unresponsive.ms': '2000',
    ...given,
  })
  const threads = new TaskThreads({ config, listener, logger: silentLogger, logLevel: 'silent' })
  started.push(threads)
  return { threads, listener }
}

function counting(name: string): Record<string, string> {
  return {
    'connector.class': 'test.CountingSource',
    name,
    topic: name,
    count: '1000000000',
    'per.poll': '10',
    mode: 'rows',
    'tasks.max': '1',
  }
}

function misbehaving(name: string, where: string, how: string): Record<string, string> {
  return { 'connector.class': 'test.MisbehavingSource', name, topic: name, where, how }
}

const task = (connector: string): { connector: string; task: number } => ({ connector, task: 0 })

/** The thread may be gone before it can say that the task was started. */
async function startInVain(threads: TaskThreads, connector: string, props: Record<string, string>): Promise<void> {
  await threads.startTask(task(connector), props, props, 'STARTED').catch(() => {})
}

async function written(threads: TaskThreads, connector: string): Promise<number> {
  return (await threads.counters()).find((counters) => counters.connector === connector)?.recordsWritten ?? 0
}

/** A new thread takes a while on a busy machine. */
async function goesOn(threads: TaskThreads, connector: string): Promise<void> {
  const before = await written(threads, connector)
  await eventually(
    async () => (await written(threads, connector)) !== before && (await written(threads, connector)) > 0,
    `progress of ${connector}`,
    60_000,
  )
}

test('a connector and its tasks run in threads: configurations, states, counters', async () => {
  const { threads, listener } = start({ 'task.threads': '2' })
  const props = { ...counting('runs'), 'tasks.max': '2', count: '100' }
  await threads.startConnector('runs', props, 'STARTED')
  const configs = await threads.taskConfigs('runs', 2)
  assert.deepEqual(
    configs.map((config) => config['part']),
    ['0', '1'],
  )
  await Promise.all(
    configs.map((config, i) => threads.startTask({ connector: 'runs', task: i }, props, config, 'STARTED')),
  )
  await eventually(
    async () => (await threads.counters()).filter(({ recordsWritten }) => recordsWritten === 100).length === 2,
    'both tasks to finish',
  )
  assert.deepEqual(listener.states('runs'), ['RUNNING'])
  await threads.setTargetState('runs', 'PAUSED')
  await listener.until('runs', 'PAUSED')
  await listener.until('runs-1', 'PAUSED')
  await threads.stopTasks([task('runs'), { connector: 'runs', task: 1 }])
  await threads.stopConnector('runs')
  assert.deepEqual(await threads.counters(), [])
})

test('plugins are listed and validated in a thread', async () => {
  const { threads } = shared
  const plugins = await threads.plugins()
  assert.equal(plugins.find(({ class: name }) => name === 'test.CountingSource')?.keys[0]?.name, 'topic')
  const values = await threads.validateConnector('test.CountingSource', { count: 'many' })
  assert.match(values.find(({ name }) => name === 'count')?.errors[0] ?? '', /many/)
  assert.match(values.find(({ name }) => name === 'topic')?.errors[0] ?? '', /topic/)
  await assert.rejects(
    threads.validateConnector('test.MisbehavingSource', { where: 'validate' }),
    /failed in validate\(\): thrown in validate/,
  )
})

for (const hook of ['startTask', 'poll']) {
  test(`a source task that throws in ${hook} is FAILED with a trace that names connector, task and hook`, async () => {
    const { threads, listener } = shared
    const props = misbehaving(`throws-${hook}`, hook, 'throw')
    await threads.startTask(task(`throws-${hook}`), props, props, 'STARTED').catch(() => {})
    const { trace } = await listener.until(`throws-${hook}-0`, 'FAILED')
    assert.match(
      trace ?? '',
      new RegExp(
        `Task 0 of connector "throws-${hook}" \\(test.MisbehavingSource\\) failed in ${hook}\\(\\): thrown in ${hook}`,
      ),
    )
    assert.match(trace ?? '', /Caused by: Error: thrown in .*\n\s+at misbehave \(.*misbehaving\.ts/)
  })
}

for (const how of ['odd', 'odd-timer']) {
  test(`a task that throws what cannot be read is FAILED like any other, and alone: ${how}`, async () => {
    // Its neighbour reads offsets when it starts: not within the little time that calls have in the shared threads.
    const { threads, listener } = start()
    await threads.startTask(task(`even-${how}`), counting(`even-${how}`), counting(`even-${how}`), 'STARTED')
    const props = misbehaving(how, 'poll', how)
    await startInVain(threads, how, props)
    const { trace } = await listener.until(`${how}-0`, 'FAILED')
    assert.match(trace ?? '', new RegExp(`^PluginCallError: Task 0 of connector "${how}".* failed in poll\\(\\)`))
    await goesOn(threads, `even-${how}`)
    assert.deepEqual(listener.states(`even-${how}-0`), ['RUNNING'])
    await threads.stopTasks([task(`even-${how}`)])
  })
}

test('the trace of an error with a huge message is cut off to what a status record can hold', async () => {
  const { threads, listener } = shared
  const props = misbehaving('verbose', 'poll', 'verbose')
  await threads.startTask(task('verbose'), props, props, 'STARTED').catch(() => {})
  const { trace } = await listener.until('verbose-0', 'FAILED')
  assert.match(trace ?? '', /^PluginCallError: Task 0 of connector "verbose".* failed in poll\(\): xxx/)
  assert.ok((trace ?? '').length < 110_000, `${trace?.length} characters`)
})

test('what a plugin posts to its parent port goes nowhere', async () => {
  const { threads, listener } = shared
  const props = misbehaving('chatty', 'poll', 'parent-port')
  await threads.startTask(task('chatty'), props, props, 'STARTED')
  await eventually(async () => (await written(threads, 'chatty')) === 1, 'its record')
  assert.deepEqual(listener.states('chatty-0'), ['RUNNING'])
})

for (const hook of ['open', 'put']) {
  test(`a sink task that throws in ${hook} is FAILED with a trace that says so`, async () => {
    const { threads, listener } = shared
    const name = `sink-${hook}`
    await new Admin(cluster).createTopics([{ name, partitions: 1 }])
    const props = { ...misbehaving(name, hook, 'throw'), 'connector.class': 'test.MisbehavingSink', topics: name }
    await threads.startTask(task(name), props, props, 'STARTED')
    const { trace } = await listener.until(`${name}-0`, 'FAILED')
    assert.match(trace ?? '', new RegExp(`failed in ${hook}\\(\\): thrown in ${hook}`))
  })
}

for (const hook of ['startConnector', 'taskConfigs']) {
  for (const how of ['throw', 'never']) {
    test(`a connector whose ${hook} does ${how} says why, and is FAILED unless it may be asked again`, async () => {
      const { threads, listener } = shared
      const name = `${hook}-${how}`
      const props = misbehaving(name, hook, how)
      const call = async (): Promise<void> => {
        await threads.startConnector(name, props, 'STARTED')
        await threads.taskConfigs(name, 1)
      }
      const reason = how === 'throw' ? `thrown in ${hook}` : `${hook}\\(\\) did not finish within 500 ms`
      await assert.rejects(call(), new RegExp(`Connector "${name}".* failed in ${hook}\\(\\): ${reason}`))
      const staysRunning = hook === 'taskConfigs' && how === 'throw'
      assert.equal(listener.last(name)?.state, staysRunning ? 'RUNNING' : 'FAILED')
    })
  }
}

for (const hook of ['stop', 'commit']) {
  test(`a source task that throws in ${hook} stops all the same`, async () => {
    const { threads, listener } = shared
    const name = `quiet-${hook}`
    const props = misbehaving(name, hook, 'throw')
    await threads.startTask(task(name), props, props, 'STARTED')
    await eventually(async () => (await written(threads, name)) === 1, 'writing')
    await threads.stopTasks([task(name)])
    assert.deepEqual(listener.states(`${name}-0`), ['RUNNING'])
  })
}

test('a start that never returns is FAILED when its time is over', async () => {
  const { threads, listener } = shared
  const props = misbehaving('slow', 'startTask', 'never')
  await assert.rejects(
    threads.startTask(task('slow'), props, props, 'STARTED'),
    /startTask\(\) did not finish within 500 ms/,
  )
  assert.equal(listener.last('slow-0')?.state, 'FAILED')
})

test('a poll that never returns does not keep a task from being stopped', async () => {
  const { threads } = start({ 'task.shutdown.graceful.timeout.ms': '300' })
  const props = misbehaving('stuck', 'poll', 'never')
  let tookMs = Infinity
  // A busy machine may stand still for a second, but not each time.
  for (let i = 0; i < 3 && tookMs >= 2000; i++) {
    await threads.startTask(task('stuck'), props, props, 'STARTED')
    const begun = performance.now()
    await threads.stopTasks([task('stuck')])
    tookMs = performance.now() - begun
    assert.deepEqual(await threads.counters(), [])
  }
  assert.ok(tookMs < 2000, `the last of three stops took ${tookMs} ms`)
})

for (const how of ['timer', 'rejection']) {
  test(`an error of a ${how} that nobody waits for fails the task it comes from, and its neighbour goes on`, async () => {
    const { threads, listener } = start()
    await threads.startTask(task(`calm-${how}`), counting(`calm-${how}`), counting(`calm-${how}`), 'STARTED')
    const props = misbehaving(`stray-${how}`, 'poll', how)
    await threads.startTask(task(`stray-${how}`), props, props, 'STARTED')
    const { trace } = await listener.until(`stray-${how}-0`, 'FAILED')
    assert.match(
      trace ?? '',
      new RegExp(
        `Task 0 of connector "stray-${how}".* failed in poll\\(\\): ${how === 'timer' ? 'thrown by a timer of poll' : 'rejected in poll'}`,
      ),
    )
    await goesOn(threads, `calm-${how}`)
    assert.deepEqual(listener.states(`calm-${how}-0`), ['RUNNING'])
  })
}

test('an endless loop fails its task with the place where it loops; its neighbour goes on in a new thread', async () => {
  const { threads, listener } = start()
  await threads.startTask(task('patient'), counting('patient'), counting('patient'), 'STARTED')
  const props = misbehaving('endless', 'poll', 'spin')
  await startInVain(threads, 'endless', props)
  const { trace } = await listener.until('endless-0', 'FAILED')
  assert.match(
    trace ?? '',
    /Task 0 of connector "endless" was ended: its thread did not answer for 2000 ms while it was in poll\(\)/,
  )
  assert.match(trace ?? '', /at misbehave \(.*misbehaving\.ts:\d+:\d+\)/)
  await eventually(() => listener.states('patient-0').join() === 'RUNNING,RUNNING', 'the neighbour to start again')
  await goesOn(threads, 'patient')
})

test('a validation that never returns is refused with the reason, and the next one works', async () => {
  const { threads } = start()
  await assert.rejects(
    threads.validateConnector('test.MisbehavingSource', { where: 'validate', how: 'spin' }),
    /did not answer for 2000 ms while it was in validate\(\) of Plugin test\.MisbehavingSource/,
  )
  assert.ok((await threads.validateConnector('test.MisbehavingSource', {})).length > 0)
})

test('a validation that hangs does not fail another one that waits behind it', async () => {
  const { threads } = start()
  const hanging = assert.rejects(
    threads.validateConnector('test.MisbehavingSource', { where: 'validate', how: 'spin' }),
    /did not answer for 2000 ms/,
  )
  assert.ok((await threads.validateConnector('CountingSource', counting('behind'))).length > 0)
  await hanging
})

test('while a thread hangs, new work goes to another one', async () => {
  const { threads } = start({ 'task.threads': '2', 'task.thread.unresponsive.ms': '60000' })
  let isOver = false
  const hanging = threads.validateConnector('test.MisbehavingSource', { where: 'validate', how: 'spin' })
  const end = hanging.then(
    () => (isOver = true),
    () => (isOver = true),
  )
  let answers = 0
  await eventually(
    () => {
      // Those that come too early to know better wait behind it.
      threads.validateConnector('CountingSource', counting('beside')).then(
        () => answers++,
        () => undefined,
      )
      return answers > 0
    },
    'an answer',
    30_000,
  )
  assert.equal(isOver, false)
  await threads.stop()
  await end
})

/** On a busy machine a thread that collects garbage all the time is slow to answer, but that is not what is tested. */
const smallHeap = {
  'task.thread.max.heap.mb': '64',
  'task.thread.unresponsive.ms': '20000',
}

for (const [how, what] of [
  ['leak', 'many small objects'],
  ['leak-array', 'an array that grows in large pieces'],
  ['leak-buffers', 'buffers outside of the heap'],
] as const) {
  test(`a task that takes all memory is FAILED; its neighbour goes on: ${what}`, async () => {
    const { threads, listener } = start(smallHeap)
    await threads.startTask(task('modest'), counting('modest'), counting('modest'), 'STARTED')
    const props = misbehaving('greedy', 'poll', how)
    await startInVain(threads, 'greedy', props)
    const { trace } = await listener.until('greedy-0', 'FAILED', 30_000)
    assert.match(
      trace ?? '',
      /its thread ran out of memory \(task\.thread\.max\.heap\.mb is 64\) while it was in poll\(\)/,
    )
    await goesOn(threads, 'modest')
  })
}

test('a task that takes a little more memory with each poll is FAILED', async () => {
  const { threads, listener } = start(smallHeap)
  await startInVain(threads, 'hoards', misbehaving('hoards', 'poll', 'leak-slowly'))
  const { trace } = await listener.until('hoards-0', 'FAILED', 30_000)
  // Found in its poll, or in the runtime that hands on what it polled.
  assert.match(trace ?? '', /thread (it ran in )?ran out of memory \(task\.thread\.max\.heap\.mb is 64\)/)
})

test('a task that makes much garbage and keeps little is left alone', async () => {
  const { threads, listener } = start(smallHeap)
  const props = misbehaving('wasteful', 'poll', 'waste')
  await threads.startTask(task('wasteful'), props, props, 'STARTED')
  await eventually(async () => (await written(threads, 'wasteful')) === 1, 'the record after much garbage', 60_000)
  assert.deepEqual(listener.states('wasteful-0'), ['RUNNING'])
})

test('a task that ends the process ends only its thread', async () => {
  const { threads, listener } = start()
  await threads.startTask(task('stays'), counting('stays'), counting('stays'), 'STARTED')
  const props = misbehaving('exits', 'poll', 'exit')
  await startInVain(threads, 'exits', props)
  const { trace } = await listener.until('exits-0', 'FAILED')
  assert.match(trace ?? '', /its thread ended with exit code 3 while it was in poll\(\)/)
  await goesOn(threads, 'stays')
})

test('an error that nobody waits for fails a task even while its poll does not return', async () => {
  const { threads, listener } = start()
  const props = misbehaving('stuck-stray', 'poll', 'stuck-timer')
  await threads.startTask(task('stuck-stray'), props, props, 'STARTED')
  assert.match((await listener.until('stuck-stray-0', 'FAILED')).trace ?? '', /thrown by a timer of poll/)
})

test('an endless loop in a transform fails the task that it works for', async () => {
  const { threads, listener } = start()
  await threads.startTask(task('beside'), counting('beside'), counting('beside'), 'STARTED')
  const props = {
    ...counting('looping'),
    transforms: 'x',
    'transforms.x.type': 'test.MisbehavingTransform',
    'transforms.x.how': 'spin',
  }
  await startInVain(threads, 'looping', props)
  const { trace } = await listener.until('looping-0', 'FAILED')
  assert.match(trace ?? '', /Task 0 of connector "looping" was ended: its thread did not answer for 2000 ms/)
  assert.match(trace ?? '', /at misbehave \(.*misbehaving\.ts/)
  await goesOn(threads, 'beside')
})

test('an error that belongs to no task restarts it once, and fails it when it comes again with nothing else in the thread', async () => {
  const { threads, listener } = start()
  const props = misbehaving('unowned', 'poll', 'unowned')
  await threads.startTask(task('unowned'), props, props, 'STARTED')
  const { trace } = await listener.until('unowned-0', 'FAILED')
  assert.match(
    trace ?? '',
    /the thread it ran in ended because of an error that belongs to none of its tasks, for the 2nd time, and nothing else ran in it/,
  )
  assert.match(trace ?? '', /thrown on behalf of nobody/)
})

test('of many tasks in a thread the one is found and FAILED that ends it in a way that does not say who it was', async () => {
  const { threads, listener } = start()
  const innocents = ['innocent-1', 'innocent-2', 'innocent-3']
  for (const name of innocents) await threads.startTask(task(name), counting(name), counting(name), 'STARTED')
  const props = misbehaving('nobody', 'poll', 'unowned')
  await startInVain(threads, 'nobody', props)
  // All four, then two of them, then it alone.
  const { trace } = await listener.until('nobody-0', 'FAILED', 100_000)
  assert.match(trace ?? '', /for the 3rd time, and nothing else ran in it/)
  for (const name of innocents) {
    await goesOn(threads, name)
    assert.ok(!listener.states(`${name}-0`).includes('FAILED'), name)
  }
  // It would have come with the other half.
  assert.ok(listener.states('innocent-1-0').length <= 2)
  // Threads that are there to part them end with the tasks in them.
  assert.equal(threads.threadCount, 2)
  await threads.stopTasks(innocents.map(task))
  assert.equal(threads.threadCount, 1)
})

test('a plugin module that never finishes loading is left out; the others can be used', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-hang-'))
  await writeFile(join(folder, 'endless.ts'), 'for (let n: number = 0; ; n++) if (n < 0) break\nexport default 1\n')
  const { threads } = start({ 'plugin.path': `${folder},${testPlugins}` })
  const classes = (await threads.plugins()).map((plugin) => plugin.class)
  await rm(folder, { recursive: true })
  assert.ok(classes.includes('test.CountingSource'))
})
