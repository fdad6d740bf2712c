import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startChildBroker } from '../../test/support/broker.ts'
import { testWorkerProps } from '../../test/support/connect-worker.ts'
import { freePort } from '../../test/support/free-port.ts'
import { ConnectRest, type ConnectorStatus, until } from '../rig/connect-rest.ts'
import { cpuSeconds, type MillraceProcess, startMillrace } from '../rig/millrace-process.ts'

// A cluster of workers with many idle tasks: what they cost, and how soon they run again after a worker was killed.
// One JSON line a figure: memory as what a task adds to workers that ran others before (marginal), and over fresh ones,
// where the threads, modules and heaps of the workers are part of it. Every worker and the broker is a process of its own.
// CPU is measured over a whole interval of offset commits, which all tasks begin at about the same time.
// Run: node bench/scale/scale.ts [--connectors 200] [--tasks 5] [--workers 3] [--kind source|sink] [--seconds 60] [--settle 60]

const SESSION_TIMEOUT_MS = 10_000
const START_LIMIT_MS = 180_000
const FLUSH_INTERVAL_MS = 60_000

const { values } = parseArgs({
  options: {
    connectors: { type: 'string', default: '200' },
    tasks: { type: 'string', default: '5' },
    workers: { type: 'string', default: '3' },
    kind: { type: 'string', default: 'source' },
    seconds: { type: 'string', default: String(FLUSH_INTERVAL_MS / 1000) },
    settle: { type: 'string', default: '60' },
  },
})
const connectors = Number(values.connectors)
const tasksEach = Number(values.tasks)
const total = connectors * tasksEach

interface Worker {
  readonly id: string
  readonly process: MillraceProcess
  readonly rest: ConnectRest
}

function print(name: string, value: number, unit: string): void {
  process.stdout.write(`${JSON.stringify({ name: `scale.${values.kind}.${name}`, value, unit })}\n`)
}

async function startWorker(bootstrap: string): Promise<Worker> {
  const port = await freePort()
  const restUrl = `http://127.0.0.1:${port}`
  const props = testWorkerProps(bootstrap, {
    'plugin.path': join(import.meta.dirname, 'plugins'),
    'session.timeout.ms': String(SESSION_TIMEOUT_MS),
    'heartbeat.interval.ms': '3000',
    'rebalance.timeout.ms': '60000',
    // As by default.
    'task.threads': String(availableParallelism()),
    'offset.flush.interval.ms': String(FLUSH_INTERVAL_MS),
    'task.shutdown.graceful.timeout.ms': '5000',
    listeners: restUrl,
  })
  const started = await startMillrace({ command: 'worker', restUrl, overrides: props })
  return { id: `127.0.0.1:${port}`, process: started, rest: new ConnectRest(restUrl) }
}

function configOf(): Record<string, string> {
  const common = { 'tasks.max': String(tasksEach) }
  if (values.kind === 'source') return { ...common, 'connector.class': 'bench.IdleSource' }
  return { ...common, 'connector.class': 'FileStreamSink', topics: 'idle', file: '/dev/null' }
}

/** Resolves when `count` tasks run, all of them on `workers`. */
async function running(workers: readonly Worker[], count: number, limitMs: number): Promise<void> {
  const ids = new Set(workers.map(({ id }) => id))
  let found = 0
  try {
    await until(
      `${count} running tasks`,
      limitMs,
      async () => {
        const all = (await workers[0]?.rest.ok('GET', '/connectors?expand=status')) as Record<
          string,
          { status: ConnectorStatus }
        >
        const tasks = Object.values(all).flatMap(({ status }) => status.tasks)
        found = tasks.filter(({ state, worker_id: worker }) => state === 'RUNNING' && ids.has(worker)).length
        return found === count ? true : null
      },
      100,
    )
  } catch (error) {
    throw new Error(`${(error as Error).message}; ${found} of them run`, { cause: error })
  }
}

function sum(processes: readonly MillraceProcess[], what: 'residentBytes' | 'cpuSeconds'): number {
  return processes.reduce((all, one) => all + (one[what]() ?? Number.NaN), 0)
}

/** Seconds of CPU a second, over the given time. */
async function cpuShare(processes: readonly MillraceProcess[], brokerPid: number): Promise<[number, number]> {
  const seconds = Number(values.seconds)
  const before = [sum(processes, 'cpuSeconds'), cpuOf(brokerPid)] as const
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  return [(sum(processes, 'cpuSeconds') - before[0]) / seconds, (cpuOf(brokerPid) - before[1]) / seconds]
}

const broker = await startChildBroker({ 'num.partitions': '5' })
const workers: Worker[] = []
try {
  for (let i = 0; i < Number(values.workers); i++) workers.push(await startWorker(broker.bootstrap))
  const processes = workers.map(({ process }) => process)
  const [first] = workers as [Worker]
  const residentFresh = sum(processes, 'residentBytes')
  print('memory.fresh', megabytesEach(residentFresh), 'MB a worker that has run nothing')
  // Starts the task threads everywhere, so that what follows is the cost of tasks.
  const warm = Number(values.workers) * 4
  await first.rest.createConnector({ name: 'warm', config: { ...configOf(), 'tasks.max': String(warm) } })
  await running(workers, warm, START_LIMIT_MS)
  // And has them take and lose some work, so that memory that only the coming and going takes is there already.
  const passing = Array.from({ length: Math.ceil(connectors / 5) }, (_, i) => `passing-${i}`)
  for (const name of passing) await first.rest.createConnector({ name, config: configOf() })
  await running(workers, warm + passing.length * tasksEach, START_LIMIT_MS)
  for (const name of passing) await first.rest.ok('DELETE', `/connectors/${name}`)
  await running(workers, warm, START_LIMIT_MS)
  await settled()
  const [idleBefore, brokerBefore] = await cpuShare(processes, broker.pid)
  const residentBefore = sum(processes, 'residentBytes')
  print('memory.before', megabytesEach(residentBefore), 'MB a worker with its threads, that has run tasks')
  print('cpu.before', percent(idleBefore), '% of a core, workers')
  print('cpu.before.broker', percent(brokerBefore), '% of a core, broker')

  const begun = performance.now()
  const cpuBegun = sum(processes, 'cpuSeconds')
  for (let i = 0; i < connectors; i++) await first.rest.createConnector({ name: `idle-${i}`, config: configOf() })
  print('created', Math.round(performance.now() - begun), 'ms')
  await running(workers, total + warm, START_LIMIT_MS)
  print('running', Math.round(performance.now() - begun), 'ms')
  print('running.cpu', Number((sum(processes, 'cpuSeconds') - cpuBegun).toFixed(2)), 's, workers')
  await settled()
  const [idle, brokerIdle] = await cpuShare(processes, broker.pid)
  const resident = sum(processes, 'residentBytes')
  print('memory.after', megabytesEach(resident), 'MB a worker')
  print('memory.per.task', kilobytesPerTask(resident - residentBefore), 'KB, beyond workers that ran tasks before')
  // With what is there once a worker or thread, however many tasks there are.
  print('memory.per.task.fresh', kilobytesPerTask(resident - residentFresh), 'KB, beyond workers that had run nothing')
  print('cpu.after', percent(idle), '% of a core, workers')
  print('cpu.idle', percent(idle - idleBefore), '% of a core, workers')
  print('cpu.idle.broker', percent(brokerIdle - brokerBefore), '% of a core, broker')

  const [victim] = workers.splice(Number(values.workers) - 1, 1) as [Worker]
  await victim.process.kill()
  const killed = performance.now()
  await running(workers, total + warm, SESSION_TIMEOUT_MS + START_LIMIT_MS)
  print('failover', Math.round(performance.now() - killed - SESSION_TIMEOUT_MS), 'ms after the session timeout')
} finally {
  await Promise.all(workers.map(({ process }) => process.kill()))
  await broker.close()
}

/** Lets what the coming and going of tasks left behind be done with and collected, and idle fetches grow long. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, Number(values.settle) * 1000))
}

function cpuOf(pid: number): number {
  return cpuSeconds(pid) ?? Number.NaN
}

function megabytesEach(bytes: number): number {
  return Math.round(bytes / Number(values.workers) / 2 ** 20)
}

function kilobytesPerTask(bytes: number): number {
  return Math.round(bytes / total / 1024)
}

function percent(share: number): number {
  return Number((share * 100).toFixed(2))
}
