import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { after, test } from 'node:test'
import { type ConnectorStatus, until } from '../../bench/rig/connect-rest.ts'
import { Admin, createCluster } from '../../src/client/index.ts'
import { decodeAssignment } from '../../src/runtime/group/codec.ts'
import { startApacheKafka } from '../support/apache-kafka.ts'
import { startTestBroker } from '../support/broker.ts'
import { ConnectFleet, fleetProps, type FleetWorker } from '../support/connect-fleet.ts'
import { FilePipes } from '../support/file-pipes.ts'
import { connectLibs, kafkaLibs, kafkaLibsReason } from '../support/kafka-libs.ts'

// Two of our workers and one of Kafka Connect's in one group. MILLRACE_MIXED_ROUNDS says how often each of them is killed
// (default once), MILLRACE_MIXED_KAFKA=apache puts Apache Kafka in the place of our broker.

const rounds = Number(process.env['MILLRACE_MIXED_ROUNDS'] ?? 1)
const isApache = process.env['MILLRACE_MIXED_KAFKA'] === 'apache'
const libs = await connectLibs()
const kafka = isApache ? await kafkaLibs() : ''
const skip = libs === null || kafka === null ? kafkaLibsReason() : false
const SETTLE_MS = 40_000

const pipeNames = Array.from({ length: 12 }, (_, i) => `pipe-${i}`)
const verifiable: Record<string, Record<string, string>> = {}
for (let i = 0; i < 4; i++) {
  verifiable[`source-${i}`] = {
    'connector.class': 'org.apache.kafka.connect.tools.VerifiableSourceConnector',
    'tasks.max': '2',
    topic: `verifiable-${i}`,
    throughput: '5',
  }
  verifiable[`sink-${i}`] = {
    'connector.class': 'org.apache.kafka.connect.tools.VerifiableSinkConnector',
    'tasks.max': '1',
    topics: `verifiable-${i}`,
  }
}
const CONNECTORS = 20
const TASKS = 12 + 4 * 2 + 4

test('test_bounce, testAddingWorker: two of our workers and a JVM worker share 20 connectors; each is killed and comes back, whoever leads, and no task runs twice or not at all', {
  skip,
}, async (t) => {
  const broker = isApache ? await startApacheKafka(kafka ?? '') : await startTestBroker()
  const cluster = createCluster({ bootstrapServers: [broker.bootstrap] })
  const pipes = await FilePipes.create(pipeNames)
  const fleet = new ConnectFleet(fleetProps(broker.bootstrap))
  after(async () => {
    await fleet.end()
    await pipes.remove()
    await cluster.close()
    await ('close' in broker ? broker.close() : broker.stop())
  })
  const workers: FleetWorker[] = []
  const leaders = new Set<string>()
  /** Lines from this number on were written while nobody was killed. */
  const calm: [from: number, to: number][] = []

  /** Waits until no rebalance is under way and everything runs on the present workers, evenly, and notes who leads. */
  const settled = async (what: string): Promise<void> => {
    const begun = performance.now()
    let last = ''
    const leader = await until(
      what,
      SETTLE_MS,
      async () => {
        // Everything can run, and evenly, while one more round of the group goes on.
        const leading = await leaderOf(new Admin(cluster))
        const answer = await workers[0]?.rest.request('GET', '/connectors?expand=status')
        if (leading === null || answer?.status !== 200) return null
        const all = answer.body as Record<string, { status: ConnectorStatus }>
        const statuses = Object.values(all).map(({ status }) => status)
        const spread = spreadOf(statuses, workers)
        last = JSON.stringify(spread)
        const isComplete = total(spread.connectors) === CONNECTORS && total(spread.tasks) === TASKS
        return isComplete && isEven(spread.connectors) && isEven(spread.tasks) ? leading : null
      },
      200,
    ).catch((error: unknown) => {
      const logs = workers.map((worker) => `${worker.id} (${worker.kind}):\n${worker.output().slice(-3000)}`)
      throw new Error(`${(error as Error).message}; the work lies ${last}\n${logs.join('\n')}`, { cause: error })
    })
    const kind = workers.find(({ id }) => id === leader)?.kind ?? 'unknown'
    leaders.add(kind)
    t.diagnostic(`${what}: ${last} after ${Math.round(performance.now() - begun)} ms, a ${kind} worker leads`)
  }
  /** Everything that was written is read and committed. */
  const drained = async (): Promise<void> => {
    await pipes.pause()
    await pipes.drained((workers[0] as FleetWorker).rest)
  }

  await mkdir(pipes.folder, { recursive: true })
  pipes.write()
  // The JVM worker leads first, one of ours once that was killed.
  workers.push(await fleet.start('jvm'))
  workers.push(...(await Promise.all([fleet.start('millrace'), fleet.start('millrace')])))
  const all = { ...Object.fromEntries(pipeNames.map((name) => [name, pipes.configOf(name)])), ...verifiable }
  for (const [name, config] of Object.entries(all)) {
    await until(`creating ${name}`, SETTLE_MS, async () => {
      const answer = await workers[0]?.rest.request('PUT', `/connectors/${name}/config`, config)
      return answer !== undefined && answer.status < 400 ? true : null
    })
  }
  await settled('20 connectors were created')
  await drained()
  calm.push([0, pipes.lines])
  for (let round = 0; round < rounds; round++) {
    for (const kind of ['jvm', 'millrace', 'millrace'] as const) {
      const victim = workers.find((worker) => worker.kind === kind) as FleetWorker
      pipes.write()
      await victim.kill()
      workers.splice(workers.indexOf(victim), 1)
      await settled(`a ${kind} worker was killed`)
      await drained()
      const from = pipes.lines
      pipes.write()
      // At the end of the list, so that the other one of ours is next.
      workers.push(await fleet.start(kind))
      await settled(`a ${kind} worker came back`)
      await drained()
      calm.push([from, pipes.lines])
    }
  }
  assert.deepEqual([...leaders].toSorted(), ['jvm', 'millrace'])
  for (const [topic, counts] of await pipes.counts(broker.bootstrap)) {
    assert.deepEqual(
      counts.flatMap((count, line) => (count === 0 ? [line] : [])),
      [],
      `lines that are missing in ${topic}`,
    )
    for (const [from, to] of calm) {
      const doubled = counts.slice(from, to).flatMap((count, i) => (count > 1 ? [from + i] : []))
      assert.deepEqual(doubled, [], `lines doubled in ${topic} while nobody was killed`)
    }
  }
})

type Spread = Readonly<Record<'connectors' | 'tasks', Readonly<Record<string, number>>>>

/** Running connectors and tasks by worker. */
function spreadOf(statuses: readonly ConnectorStatus[], workers: readonly FleetWorker[]): Spread {
  const counts = (): Record<string, number> => Object.fromEntries(workers.map(({ id }) => [id, 0]))
  const spread = { connectors: counts(), tasks: counts() }
  for (const { connector, tasks } of statuses) {
    count(spread.connectors, connector)
    for (const task of tasks) count(spread.tasks, task)
  }
  return spread
}

function count(
  counts: Record<string, number>,
  { state, worker_id: worker }: { state: string; worker_id: string },
): void {
  const before = counts[worker]
  if (state === 'RUNNING' && before !== undefined) counts[worker] = before + 1
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, n) => sum + n, 0)
}

function isEven(counts: Readonly<Record<string, number>>): boolean {
  const values = Object.values(counts)
  return Math.max(...values) - Math.min(...values) <= 1
}

/** `host:port` of the group's leader, as its members were told; null while the group rebalances. */
async function leaderOf(admin: Admin): Promise<string | null> {
  const [group] = await admin.describeGroups(['fleet'])
  const [member] = group?.members ?? []
  if (group?.state !== 'Stable' || member === undefined) return null
  return new URL(decodeAssignment(member.assignment).leaderUrl).host
}
