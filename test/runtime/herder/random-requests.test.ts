import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConnectorStateInfo } from '../../../src/runtime/index.ts'
import { startTestBroker } from '../../support/broker.ts'
import { startTestWorker, type TestWorker } from '../../support/connect-worker.ts'
import { FakeTaskRunner } from '../../support/fake-task-runner.ts'
import { eventually } from '../../support/task-runner.ts'

interface Wanted {
  tasks: number
  state: 'RUNNING' | 'PAUSED' | 'STOPPED'
}

const seed = Number(process.env['RANDOM_REQUESTS_SEED'] ?? Date.now() % 1_000_000)

test(`after random requests to three workers, one of which leaves and another joins, everything runs exactly once (seed ${seed})`, async (t) => {
  let state = seed
  const random = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff
    return (state >> 8) % below
  }
  const running = new Map<TestWorker, FakeTaskRunner>()
  const broker = await startTestBroker()
  t.after(async () => {
    await Promise.all([...running.keys()].map((worker) => worker.stop()))
    await broker.close()
  })
  const add = async (): Promise<void> => {
    const runners: FakeTaskRunner[] = []
    const makeRunner = (
      _config: unknown,
      listener: ConstructorParameters<typeof FakeTaskRunner>[0],
    ): FakeTaskRunner => {
      const runner = new FakeTaskRunner(listener)
      runners.push(runner)
      return runner
    }
    const worker = await startTestWorker(broker.bootstrap, {}, { makeRunner })
    running.set(worker, runners[0] as FakeTaskRunner)
  }
  const leave = async (): Promise<void> => {
    const worker = [...running.keys()][random(running.size)] as TestWorker
    running.delete(worker)
    await worker.stop()
  }
  await add()
  await add()
  await add()

  const wanted = new Map<string, Wanted>()
  const act = async (step: number): Promise<void> => {
    const worker = [...running.keys()][random(running.size)] as TestWorker
    const name = `c${random(6)}`
    const known = wanted.get(name)
    const action = random(known === undefined ? 1 : 6)
    const path = `/connectors/${name}`
    if (action === 0) {
      const tasks = random(4)
      const config = {
        'connector.class': 'FakeSource',
        topic: `t${step}`,
        'tasks.max': '4',
        'tasks.wanted': String(tasks),
      }
      await request(worker, 'PUT', `${path}/config`, config)
      wanted.set(name, { tasks, state: known?.state ?? 'RUNNING' })
    } else if (action === 1) {
      await request(worker, 'DELETE', path)
      wanted.delete(name)
    } else if (action === 2) {
      await request(worker, 'PUT', `${path}/stop`)
      wanted.set(name, { tasks: known?.tasks ?? 0, state: 'STOPPED' })
    } else if (action === 3) {
      await request(worker, 'PUT', `${path}/resume`)
      wanted.set(name, { tasks: known?.tasks ?? 0, state: 'RUNNING' })
    } else if (action === 4) {
      await request(worker, 'POST', `${path}/restart?includeTasks=true`)
    } else {
      await request(worker, 'POST', `${path}/restart`)
    }
  }
  for (let step = 0; step < 80; step++) {
    if (step === 30) await leave()
    if (step === 50) await add()
    await act(step)
  }

  const isSettled = async (): Promise<boolean> => {
    const placed = [...running.values()].flatMap((runner) => [...runner.connectors.keys()]).toSorted()
    const tasks = [...running.values()].flatMap((runner) => [...runner.tasks.keys()]).toSorted()
    const expected = [...wanted].flatMap(([name, { tasks: count, state: wish }]) =>
      wish === 'STOPPED' ? [] : Array.from({ length: count }, (_, task) => `${name}-${task}`),
    )
    if (placed.join() !== [...wanted.keys()].toSorted().join() || tasks.join() !== expected.toSorted().join())
      return false
    // Once everything runs, another round may be under way that moves some of it.
    const counts = [...running.values()].map((runner) => runner.tasks.size)
    if (Math.max(...counts) - Math.min(...counts) > 1) return false
    for (const worker of running.keys()) {
      const { body } = await worker.call('GET', '/connectors?expand=status')
      for (const [name, { tasks: count, state: wish }] of wanted) {
        const status = (body as Record<string, { status?: ConnectorStateInfo }>)[name]?.status
        if (status?.connector.state !== wish || status.tasks.length !== (wish === 'STOPPED' ? 0 : count)) return false
        if (status.tasks.some((task) => task.state !== wish)) return false
      }
    }
    return true
  }
  const seen = (): string =>
    JSON.stringify({
      wanted: [...wanted],
      placed: [...running.values()].map((r) => [[...r.connectors.keys()], [...r.tasks.keys()]]),
    })
  await eventually(isSettled, 'settling, evenly spread,', 30_000).catch((error: Error) => {
    throw new Error(`${error.message}: ${seen()}`)
  })
})

/** As clients do: again while the group says that it is rebalancing, or the status is not there yet. */
async function request(worker: TestWorker, method: string, path: string, body?: unknown): Promise<void> {
  const ok = await eventually(
    async () => {
      const { status, body: answer } = await worker.call(method, path, body)
      if (status < 300) return true
      assert.ok(
        status === 409 || status === 404 || status === 500,
        `${method} ${path}: ${status} ${JSON.stringify(answer)}`,
      )
      return false
    },
    `${method} ${path}`,
    20_000,
  )
  assert.ok(ok)
}
