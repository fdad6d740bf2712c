import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type ConnectorStatus, until } from '../../bench/rig/connect-rest.ts'
import { Consumer, createCluster, recordsOf } from '../../src/client/index.ts'
import { startTestBroker } from '../support/broker.ts'
import { ConnectFleet, fleetProps, type FleetWorker } from '../support/connect-fleet.ts'
import { FilePipes } from '../support/file-pipes.ts'
import { connectLibs, kafkaLibsReason } from '../support/kafka-libs.ts'

const skip = (await connectLibs()) === null ? kafkaLibsReason() : false

const GROUP = 'fleet'
const PIPES = ['pipe-0', 'pipe-1']
const MINUTE = 60_000

/** What an operator sees of the cluster, and what the next one must find. */
interface Seen {
  readonly connectors: unknown
  readonly tasks: unknown
  readonly states: Readonly<Record<string, string>>
  readonly topics: Readonly<Record<string, unknown>>
}

test('workers of Kafka Connect, then ours, then theirs again on the same topics: everything is kept, no line is lost or doubled', {
  skip,
}, async (t) => {
  const broker = await startTestBroker()
  const pipes = await FilePipes.create(PIPES)
  const fleet = new ConnectFleet(fleetProps(broker.bootstrap, { 'group.id': GROUP }))
  after(async () => {
    await fleet.end()
    await pipes.remove()
    await broker.close()
  })
  pipes.write()
  let worker = await fleet.start('jvm')
  const sink = {
    'connector.class': 'org.apache.kafka.connect.file.FileStreamSinkConnector',
    topics: PIPES.join(','),
    file: pipes.fileOf('copy'),
    'tasks.max': '1',
  }
  for (const name of PIPES) await worker.rest.createConnector({ name, config: pipes.configOf(name) })
  for (const name of ['copy', 'paused', 'stopped']) {
    const config = name === 'copy' ? sink : { ...pipes.configOf(name), file: pipes.fileOf(name) }
    await worker.rest.createConnector({ name, config })
  }
  // One that is paused before it has made its tasks gets none, and one that the worker has not taken up cannot be stopped.
  const created = [...PIPES, 'copy', 'paused', 'stopped']
  await reached(worker, Object.fromEntries(created.map((name) => [name, 'RUNNING'])))
  await worker.rest.ok('PUT', '/connectors/paused/pause')
  await worker.rest.ok('PUT', '/connectors/stopped/stop')
  const expected = { 'pipe-0': 'RUNNING', 'pipe-1': 'RUNNING', copy: 'RUNNING', paused: 'PAUSED', stopped: 'STOPPED' }
  await reached(worker, expected)
  // Topics are noted when records are written.
  await until('the topics', MINUTE, async () =>
    Object.values((await look(worker)).topics).flat().length === 4 ? true : null,
  )
  const before = await look(worker)
  assert.deepEqual(before.states, expected)

  for (const next of ['millrace', 'jvm'] as const) {
    const key = await sessionKey(broker.bootstrap)
    await worker.stop()
    const begun = performance.now()
    worker = await fleet.start(next)
    await reached(worker, expected)
    t.diagnostic(`a ${next} worker runs everything after ${Math.round(performance.now() - begun)} ms`)
    assert.deepEqual(await look(worker), before)
    assert.equal(await sessionKey(broker.bootstrap), key, 'the session key is kept')
    const lines = pipes.lines
    await until('more lines', MINUTE, async () => (pipes.lines >= lines + 20 ? true : null))
  }

  // What the second one changed is seen by the third, and the other way round.
  await worker.rest.ok('PUT', '/connectors/paused/resume')
  await reached(worker, { ...expected, paused: 'RUNNING' })
  await worker.stop()
  worker = await fleet.start('millrace')
  await reached(worker, { ...expected, paused: 'RUNNING' })
  await worker.rest.ok('DELETE', '/connectors/stopped')
  await worker.rest.ok('PATCH', '/connectors/copy/config', { 'consumer.override.max.poll.records': '10' })
  await pipes.pause()
  await pipes.drained(worker.rest)
  await worker.stop()
  worker = await fleet.start('jvm')
  await reached(worker, { 'pipe-0': 'RUNNING', 'pipe-1': 'RUNNING', copy: 'RUNNING', paused: 'RUNNING' })
  const copy = (await worker.rest.ok('GET', '/connectors/copy/config')) as Record<string, string>
  assert.equal(copy['consumer.override.max.poll.records'], '10')

  for (const [topic, counts] of await pipes.counts(broker.bootstrap)) {
    const wrong = counts.flatMap((count, line) => (count === 1 ? [] : [`line ${line}: ${count} times`]))
    assert.deepEqual(wrong, [], topic)
  }
  assert.ok(pipes.lines > 50)
})

async function look({ rest }: FleetWorker): Promise<Seen> {
  const names = (await rest.ok('GET', '/connectors')) as string[]
  const all = (await rest.ok('GET', '/connectors?expand=info&expand=status')) as Record<
    string,
    { info: { config: unknown; tasks: { task: number }[] }; status: ConnectorStatus }
  >
  const each = async <T>(get: (name: string) => Promise<T>): Promise<Record<string, T>> =>
    Object.fromEntries(await Promise.all(names.toSorted().map(async (name) => [name, await get(name)] as const)))
  return {
    connectors: await each(async (name) => all[name]?.info.config),
    tasks: await each((name) => rest.ok('GET', `/connectors/${name}/tasks`)),
    states: await each(async (name) => all[name]?.status.connector.state ?? ''),
    topics: await each(async (name) => {
      const answer = (await rest.ok('GET', `/connectors/${name}/topics`)) as Record<string, { topics: string[] }>
      return answer[name]?.topics.toSorted()
    }),
  }
}

/** Waits until these connectors and no others are there, in these states with all their tasks, on this worker. */
async function reached(worker: FleetWorker, states: Readonly<Record<string, string>>): Promise<void> {
  let last = ''
  await until(
    'the states',
    MINUTE,
    async () => {
      const { status, body } = await worker.rest.request('GET', '/connectors?expand=status')
      last = JSON.stringify(body)
      if (status !== 200) return null
      const all = body as Record<string, { status: ConnectorStatus }>
      if (Object.keys(all).length !== Object.keys(states).length) return null
      return Object.entries(states).every(([name, state]) => {
        const found = all[name]?.status
        if (found === undefined) return false
        const parts = [found.connector, ...found.tasks]
        const isHere = parts.every((part) => part.state === state && part.worker_id === worker.id)
        return isHere && found.tasks.length === (state === 'STOPPED' ? 0 : 1)
      })
        ? true
        : null
    },
    200,
  ).catch((error: unknown) => {
    throw new Error(`${(error as Error).message}; they are ${last}\n${worker.output().slice(-3000)}`, { cause: error })
  })
}

/** The newest session key in the config topic. */
async function sessionKey(bootstrap: string): Promise<string> {
  const cluster = createCluster({ bootstrapServers: [bootstrap] })
  const consumer = new Consumer(cluster, { autoOffsetReset: 'earliest' })
  try {
    const partition = { topic: 'fleet-configs', partition: 0 }
    consumer.assign([partition])
    const end = [...(await consumer.endOffsets([partition])).values()][0] ?? 0
    let key = ''
    for (let next = 0; next < end; ) {
      for (const fetched of await consumer.poll(1000)) {
        next = fetched.nextOffset
        for (const record of recordsOf(fetched)) {
          if (String(Buffer.from(record.key ?? [])) === 'session-key') key = String(Buffer.from(record.value ?? []))
        }
      }
    }
    return key
  } finally {
    await consumer.close()
    await cluster.close()
  }
}
