import assert from 'node:assert/strict'
import { after, before, test, type TestContext } from 'node:test'
import { Admin, createCluster } from '../../../src/client/index.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { startTestWorker, type TestWorker } from '../../support/connect-worker.ts'
import { FakeTaskRunner } from '../../support/fake-task-runner.ts'
import { type LoggedLine, recordingPino } from '../../support/recording-pino.ts'
import { eventually } from '../../support/task-runner.ts'

let broker: TestBroker

before(async () => {
  broker = await startTestBroker()
})

after(() => broker.close())

/** A fake runner whose stops of tasks hang until they are let go. */
class HangingRunner extends FakeTaskRunner {
  hang: Promise<void> | null = null

  override async stopTasks(ids: Parameters<FakeTaskRunner['stopTasks']>[0]): Promise<void> {
    await super.stopTasks(ids)
    await this.hang
  }
}

interface Started {
  readonly worker: TestWorker
  readonly runner: HangingRunner
  readonly lines: LoggedLine[]
}

let groups = 0

async function start(t: TestContext, group: number, delayMs: number): Promise<Started> {
  let runner: HangingRunner | null = null
  const { logger, lines } = recordingPino()
  const props = {
    'group.id': `hanging-${group}`,
    'config.storage.topic': `hanging-configs-${group}`,
    'rebalance.timeout.ms': '1000',
    'scheduled.rebalance.max.delay.ms': String(delayMs),
  }
  const worker = await startTestWorker(broker.bootstrap, props, {
    logger,
    makeRunner: (_config, listener) => (runner = new HangingRunner(listener)),
  })
  t.after(() => worker.stop())
  assert.ok(runner !== null)
  return { worker, runner, lines }
}

const config = { 'connector.class': 'FakeSource', 'tasks.max': '4', topic: 'out' }

async function logged(lines: readonly LoggedLine[], text: string): Promise<void> {
  await eventually(() => lines.some(({ msg }) => msg.includes(text)), text, 15_000)
}

const cases = [
  ['a follower that hangs keeps its work while the others wait for it', 60_000, 'follower', false],
  ['the work of a follower that hangs goes to the others when they do not wait for it', 0, 'follower', true],
  ['the work of a leader that hangs goes to the others at once', 60_000, 'leader', true],
] as const

for (const [title, delayMs, role, isGivenUp] of cases) {
  test(`${title}, and everything runs once when it is back`, async (t) => {
    const group = groups++
    const hang = Promise.withResolvers<void>()
    t.after(() => hang.resolve())
    const first = await start(t, group, delayMs)
    // The first one leads: it stays the leader when others come.
    const second = await start(t, group, delayMs)
    const [hanging, other] = role === 'leader' ? [first, second] : [second, first]
    await first.worker.call('POST', '/connectors', { name: 'c', config })
    await eventually(() => first.runner.tasks.size === 2 && second.runner.tasks.size === 2, 'sharing the tasks', 15_000)
    const [task] = hanging.runner.tasks.keys()
    hanging.runner.hang = hang.promise
    other.lines.length = 0
    const restart = hanging.worker.call('POST', `/connectors/c/tasks/${task?.slice(-1)}/restart`)
    await logged(hanging.lines, 'worker poll timeout has expired')
    await logged(other.lines, 'Joined the group of workers')
    if (isGivenUp) await eventually(() => other.runner.tasks.size === 4, 'the other one having all tasks', 15_000)
    else assert.equal(other.runner.tasks.size, 2)
    assert.equal(hanging.runner.tasks.size, isGivenUp ? 0 : 1)
    hanging.runner.hang = null
    hang.resolve()
    assert.equal((await restart).status, 204)
    await eventually(() => first.runner.tasks.size === 2 && second.runner.tasks.size === 2, 'sharing again', 15_000)
    const names = [...first.runner.tasks.keys(), ...second.runner.tasks.keys()]
    assert.deepEqual(names.toSorted(), ['c-0', 'c-1', 'c-2', 'c-3'])
  })
}

test('a worker alone that is thrown out of its group, or hangs, goes on and is back at once', async (t) => {
  const hang = Promise.withResolvers<void>()
  t.after(() => hang.resolve())
  const { worker, runner, lines } = await start(t, groups++, 60_000)
  const cluster = createCluster({ bootstrapServers: [broker.bootstrap] })
  t.after(() => cluster.close())
  await worker.call('POST', '/connectors', { name: 'c', config })
  await eventually(() => runner.tasks.size === 4, 'its start')
  const admin = new Admin(cluster)
  const groupId = `hanging-${groups - 1}`
  const memberId = async (): Promise<string> => (await admin.describeGroups([groupId]))[0]?.members[0]?.memberId ?? ''
  runner.calls.length = 0
  lines.length = 0
  await admin.removeMembers(groupId, [{ memberId: await memberId() }])
  await logged(lines, 'Lost the membership in the group of workers; joining again with what runs here')
  await logged(lines, 'Joined the group of workers')
  runner.hang = hang.promise
  const restart = worker.call('POST', '/connectors/c/tasks/0/restart')
  await logged(lines, 'worker poll timeout has expired')
  await eventually(async () => (await memberId()) === '', 'leaving')
  lines.length = 0
  hang.resolve()
  assert.equal((await restart).status, 204)
  await logged(lines, 'Joined the group of workers')
  assert.deepEqual(runner.calls, ['stop c-0', 'start c-0'])
  assert.equal(runner.tasks.size, 4)
})
