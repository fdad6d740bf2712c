import assert from 'node:assert/strict'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Kafka, logLevel } from 'kafkajs'
import type pg from 'pg'
import { type ConnectorStatus, type ConnectRest, until } from '../../bench/rig/connect-rest.ts'
import { Fleet } from '../../bench/torture/fleet.ts'
import { readTopics } from '../../bench/torture/read-topic.ts'
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts'

// A broker and two workers as processes of their own. The steps build upon each other.

const FILES = ['file-0', 'file-1', 'file-2']
const TABLES = ['a', 'b', 'c', 'd']
const CONNECTORS = [...FILES, 'tables']
const TASKS = FILES.length + TABLES.length
const TIMEOUT_MS = 30_000

let server: TestPostgres
let client: pg.Client
let folder: string
let fleet: Fleet
/** What has been written so far, by topic. */
const written = new Map<string, string[]>()

before(async () => {
  server = await startTestPostgres()
  client = await server.client()
  folder = await mkdtemp(join(tmpdir(), 'millrace-cluster-'))
  fleet = await Fleet.of('pair', folder, { workerSettings: { 'offset.flush.interval.ms': '200' } })
})

after(async () => {
  await fleet?.kill(fleet.names)
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Adds lines to every file and rows to every table. */
async function write(count: number): Promise<void> {
  for (const file of FILES) {
    const lines = written.get(file) ?? []
    const added = Array.from({ length: count }, (_none, i) => `line ${lines.length + i}`)
    await appendFile(join(folder, file), added.map((line) => `${line}\n`).join(''))
    written.set(file, [...lines, ...added])
  }
  for (const table of TABLES) {
    await client.query(`CREATE TABLE IF NOT EXISTS ${table} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)`)
    const { rows } = await client.query<{ id: string }>(
      `INSERT INTO ${table} SELECT FROM generate_series(1, ${count}) RETURNING id`,
    )
    const before = written.get(`table-${table}`) ?? []
    written.set(`table-${table}`, [...before, ...rows.map(({ id }) => `{"id":${id}}`)])
  }
}

/** Waits until everything that was written is in its topic. */
async function untilArrived(): Promise<void> {
  let missing: string[] = []
  const look = async (): Promise<true | null> => {
    const topics = await readTopics(fleet.bootstrapServer, [...written.keys()])
    missing = [...written].flatMap(([topic, values]) => {
      const found = new Set(topics.get(topic))
      return values.filter((value) => !found.has(value)).map((value) => `${topic}: ${value}`)
    })
    return missing.length === 0 ? true : null
  }
  try {
    await until('everything in its topic', TIMEOUT_MS, look)
  } catch (error) {
    throw new Error(`${(error as Error).message}; ${missing.length} are missing, the first is ${missing[0]}`)
  }
}

/** How many tasks run on each worker, by its address. Null while a connector or task does not run. */
async function running(rest: ConnectRest): Promise<Map<string, number> | null> {
  const { status, body } = await rest.request('GET', '/connectors?expand=status')
  if (status !== 200) return null
  const all = Object.values(body as Record<string, { status: ConnectorStatus }>).map((one) => one.status)
  const tasks = all.flatMap((one) => one.tasks)
  const parts = [...tasks, ...all.map(({ connector }) => connector)]
  if (parts.some(({ state }) => state !== 'RUNNING') || all.length !== CONNECTORS.length) return null
  const counts = new Map<string, number>()
  for (const { worker_id: worker } of tasks) counts.set(worker, (counts.get(worker) ?? 0) + 1)
  return tasks.length === TASKS ? counts : null
}

/** Waits until all tasks run on the given workers, shared evenly. */
async function untilSharedBy(...names: string[]): Promise<void> {
  const addresses = names.map((name) => new URL(fleet.rest(name).url).host)
  let last: Map<string, number> | null = null
  try {
    await until(`the tasks shared by ${names.join(' and ')}`, TIMEOUT_MS, async () => {
      last = await running(fleet.rest(names[0])).catch(() => null)
      if (last === null || [...last.keys()].some((address) => !addresses.includes(address))) return null
      const counts = addresses.map((address) => last?.get(address) ?? 0)
      return Math.max(...counts) - Math.min(...counts) <= 1 ? true : null
    })
  } catch (error) {
    throw new Error(`${(error as Error).message}; it was ${JSON.stringify([...(last ?? new Map<string, number>())])}`)
  }
}

/** The members of the group of workers, as the broker tells a foreign client. */
async function members(): Promise<number> {
  const kafka = new Kafka({ brokers: [fleet.bootstrapServer], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  try {
    await admin.connect()
    const { groups } = await admin.describeGroups(['millrace'])
    return groups[0]?.members.length ?? 0
  } finally {
    await admin.disconnect()
  }
}

const fileSource = (name: string): { name: string; config: Record<string, string> } => ({
  name,
  config: {
    'connector.class': 'FileStreamSource',
    file: join(folder, name),
    topic: name,
    'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
  },
})

const tableSource = (): { name: string; config: Record<string, string> } => ({
  name: 'tables',
  config: {
    'connector.class': 'io.confluent.connect.jdbc.JdbcSourceConnector',
    'tasks.max': String(TABLES.length),
    'connection.url': server.jdbcUrl(),
    'connection.user': server.user,
    'connection.password': server.password,
    'table.whitelist': TABLES.map((table) => `public.${table}`).join(','),
    mode: 'incrementing',
    'incrementing.column.name': 'id',
    'topic.prefix': 'table-',
    'poll.interval.ms': '100',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'false',
  },
})

test('a worker alone runs all tasks', async () => {
  fleet.spawn(['broker', 'worker-1'])
  await fleet.ready(['broker', 'worker-1'])
  await write(100)
  for (const connector of [...FILES.map(fileSource), tableSource()]) await fleet.rest().createConnector(connector)
  await untilSharedBy('worker-1')
  await untilArrived()
})

test('a second worker of the same group takes over half of the tasks, and the flow goes on', async () => {
  fleet.spawn(['worker-2'])
  await fleet.ready()
  await untilSharedBy('worker-1', 'worker-2')
  await write(100)
  await untilArrived()
})

test('connectors are created, paused, resumed and deleted over either worker', async () => {
  for (const [asked, other] of [
    ['worker-1', 'worker-2'],
    ['worker-2', 'worker-1'],
  ] as const) {
    const rest = fleet.rest(asked)
    const state = async (name: string): Promise<string> => {
      const { status, body } = await fleet.rest(name).request('GET', '/connectors/extra/status')
      if (status === 404) {
        // Status and configuration go one after the other.
        const { status: ofInfo } = await fleet.rest(name).request('GET', '/connectors/extra')
        return ofInfo === 404 ? 'none' : 'between'
      }
      const { connector, tasks } = body as ConnectorStatus
      return tasks.length === 1 && tasks[0]?.state === connector.state ? connector.state : 'between'
    }
    const untilBothSay = (expected: string): Promise<true> =>
      until(`${expected} on both workers, asked by ${asked}`, TIMEOUT_MS, async () =>
        (await state(asked)) === expected && (await state(other)) === expected ? true : null,
      )
    await appendFile(join(folder, 'extra'), 'hello\n')
    const created = await rest.request('POST', '/connectors', fileSource('extra'))
    assert.equal(created.status, 201, JSON.stringify(created.body))
    const again = await rest.request('POST', '/connectors', fileSource('extra'))
    assert.equal(again.status, 409)
    await untilBothSay('RUNNING')
    assert.equal((await rest.request('PUT', '/connectors/extra/pause')).status, 202)
    await untilBothSay('PAUSED')
    assert.equal((await rest.request('PUT', '/connectors/extra/resume')).status, 202)
    await untilBothSay('RUNNING')
    assert.equal((await rest.request('POST', '/connectors/extra/tasks/0/restart')).status, 204)
    await untilBothSay('RUNNING')
    assert.equal((await rest.request('DELETE', '/connectors/extra')).status, 204)
    await untilBothSay('none')
    assert.deepEqual([...((await fleet.rest(other).ok('GET', '/connectors')) as string[])].toSorted(), CONNECTORS)
  }
})

test('when the first worker, which leads the group, is killed, the second gets all tasks and loses nothing', async () => {
  await write(100)
  await fleet.kill(['worker-1'])
  await write(100)
  await untilSharedBy('worker-2')
  await untilArrived()
})

test('a killed worker that comes back gets its share again', async () => {
  fleet.spawn(['worker-1'])
  await fleet.ready()
  await untilSharedBy('worker-1', 'worker-2')
  await write(100)
  await untilArrived()
})

test('when the follower is killed, the leader gets all tasks', async () => {
  await write(100)
  await fleet.kill(['worker-1'])
  await write(100)
  await untilSharedBy('worker-2')
  await untilArrived()
})

test('a worker that is asked to stop leaves the group at once and hands its tasks over without repeating records', async () => {
  fleet.spawn(['worker-1'])
  await fleet.ready()
  await untilSharedBy('worker-1', 'worker-2')
  await untilArrived()
  const counts = async (): Promise<number[]> =>
    [...(await readTopics(fleet.bootstrapServer, [...written.keys()])).values()].map(({ length }) => length)
  const earlier = await counts()
  await write(100)
  const codes = await fleet.stop(['worker-2'])
  assert.deepEqual(codes, [0])
  assert.equal(await members(), 1)
  await write(100)
  await untilSharedBy('worker-1')
  await untilArrived()
  assert.deepEqual(
    await counts(),
    earlier.map((count) => count + 200),
  )
})

test('the last worker stops cleanly, and so does the broker', async () => {
  assert.deepEqual(await fleet.stop(), [0, 0])
})
