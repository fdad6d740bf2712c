import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { TestPostgres } from '../../test/support/postgres.ts'
import { until } from '../rig/connect-rest.ts'
import { Fleet, type Layout, layouts } from './fleet.ts'
import { GrowingTable, type Row } from './growing-table.ts'
import { readObjects, storedUpTo } from './objects.ts'
import { Random } from './random.ts'
import { readTopics } from './read-topic.ts'
import { type Verdict, verify } from './verify.ts'

const BUCKET = 'warehouse'
const PREFIX = 'torture.'
const QUIET_TIMEOUT_MS = 60_000
/** Rows of a statement that takes longer than this may be missed by a source that reads by time, so ours take less. */
const TIMESTAMP_DELAY_MS = 500

/** How a round is made up; all of it follows from the seed. */
export interface Plan {
  readonly seed: number
  readonly layout: Layout
  readonly mode: 'incrementing' | 'timestamp+incrementing'
  readonly tables: number
  readonly recordsPerObject: number
  /** Objects end by the clock as well. */
  readonly isScheduled: boolean
  readonly offsetFlushMs: number
  readonly kills: number
  /** The broker rolls and compacts segments all the time. */
  readonly hasSmallSegments: boolean
}

export interface RoundResult {
  readonly plan: Plan
  /** What was killed, and how long after the flow began. */
  readonly kills: readonly string[]
  readonly verdicts: readonly Verdict[]
  readonly violations: readonly string[]
  readonly seconds: number
}

export function planOf(seed: number, given: Partial<Plan> = {}): Plan {
  const random = new Random(seed)
  return {
    seed,
    layout: random.pick(layouts),
    mode: random.pick(['incrementing', 'timestamp+incrementing']),
    tables: random.between(1, 2),
    recordsPerObject: random.pick([50, 200, 700]),
    isScheduled: random.chance(0.25),
    offsetFlushMs: random.pick([50, 200, 1000]),
    kills: random.between(1, 3),
    hasSmallSegments: random.chance(0.4),
    ...given,
  }
}

/**
 * One round: tables grow, rows flow into a topic and on into objects, processes are killed at random moments and started
 * again, and once all is quiet, table, topic and objects are compared. `folder` keeps all that the round leaves behind.
 * With `brokerElsewhere` (host:port) only workers are run and killed; they leave connectors and topics on that broker.
 * Rejects only when the round could not be carried out; what went wrong in the flow is told in `violations`.
 */
export async function runRound(
  server: TestPostgres,
  folder: string,
  plan: Plan,
  brokerElsewhere?: string,
): Promise<RoundResult> {
  const startedAt = performance.now()
  // Another stream of numbers than the plan's, so that a plan with other kills has the same tables.
  const random = new Random(plan.seed ^ 0x5bd1e995)
  const bucket = join(folder, 'objects', BUCKET)
  await mkdir(bucket, { recursive: true })
  const client = await server.client()
  const tables = Array.from(
    { length: plan.tables },
    (_none, i) => new GrowingTable(client, `t${plan.seed}_${i}`, plan.mode !== 'incrementing'),
  )
  for (const table of tables) await table.create(random.between(100, 3000))
  const fleet = await Fleet.of(plan.layout, folder, {
    workerSettings: { 'offset.flush.interval.ms': String(plan.offsetFlushMs) },
    hasSmallSegments: plan.hasSmallSegments,
    brokerElsewhere,
  })
  const kills: string[] = []
  const result = (verdicts: readonly Verdict[], violations: readonly string[]): RoundResult => ({
    plan,
    kills,
    verdicts,
    violations,
    seconds: (performance.now() - startedAt) / 1000,
  })
  try {
    fleet.spawn()
    await fleet.ready()
    await createConnectors(fleet, server, bucket, plan, tables)
    for (const table of tables) table.grow(new Random(random.between(0, 2 ** 31)))
    await killAtRandom(fleet, plan, random, kills, () => storedRecords(bucket, tables))
    for (const table of tables) await table.stop()
    const rows = new Map<string, Row[]>()
    for (const table of tables) {
      rows.set(table.name, await table.current())
      // Enough to end the object with the last row in it.
      await table.insert(plan.recordsPerObject)
    }
    await whenStored(fleet, bucket, tables, rows)
    const verdicts = await compare(fleet, bucket, plan, tables, rows, kills)
    const codes = await fleet.stop()
    const badCodes = codes.filter((code) => code !== 0)
    return result(verdicts, [
      ...verdicts.flatMap(({ violations }) => violations),
      ...badCodes.map((code) => `a process ended with code ${code} when it was asked to stop`),
    ])
  } catch (error) {
    return result([], [error instanceof Error ? (error.stack ?? error.message) : String(error)])
  } finally {
    await Promise.allSettled(tables.map((table) => table.stop()))
    await fleet.kill(fleet.names)
    await client.query(`DROP TABLE IF EXISTS ${tables.map(({ name }) => name).join(', ')}`).catch(() => undefined)
    await client.end()
  }
}

async function storedRecords(bucket: string, tables: readonly GrowingTable[]): Promise<number> {
  let records = 0
  for (const table of tables) records += await storedUpTo(bucket, topicOf(table))
  return records
}

function topicOf(table: GrowingTable): string {
  return PREFIX + table.name
}

async function createConnectors(
  fleet: Fleet,
  server: TestPostgres,
  bucket: string,
  plan: Plan,
  tables: readonly GrowingTable[],
): Promise<void> {
  const json = {
    'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
    'value.converter.schemas.enable': 'false',
  }
  const rest = fleet.rest()
  await rest.createConnector({
    name: 'source',
    config: {
      'connector.class': 'io.confluent.connect.jdbc.JdbcSourceConnector',
      'tasks.max': String(plan.tables),
      'connection.url': server.jdbcUrl(),
      'connection.user': server.user,
      'connection.password': server.password,
      'table.whitelist': tables.map(({ name }) => `public.${name}`).join(','),
      mode: plan.mode,
      'incrementing.column.name': 'id',
      ...(plan.mode === 'incrementing'
        ? {}
        : { 'timestamp.column.name': 'updated_at', 'timestamp.delay.interval.ms': String(TIMESTAMP_DELAY_MS) }),
      'topic.prefix': PREFIX,
      'poll.interval.ms': '100',
      'batch.max.rows': '500',
      ...json,
    },
  })
  await rest.createConnector({
    name: 'sink',
    config: {
      'connector.class': 'io.confluent.connect.s3.S3SinkConnector',
      'tasks.max': String(plan.tables),
      topics: tables.map(topicOf).join(','),
      'store.url': pathToFileURL(join(bucket, '..')).href,
      's3.bucket.name': BUCKET,
      'storage.class': 'io.confluent.connect.s3.storage.S3Storage',
      'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
      'partitioner.class': 'io.confluent.connect.storage.partitioner.DefaultPartitioner',
      'flush.size': String(plan.recordsPerObject),
      ...(plan.isScheduled ? { 'rotate.schedule.interval.ms': '300', timezone: 'UTC' } : {}),
      ...json,
    },
  })
}

/** Kills at random moments, also while processes start; at the end all of them are ready. */
async function killAtRandom(
  fleet: Fleet,
  plan: Plan,
  random: Random,
  kills: string[],
  stored: () => Promise<number>,
): Promise<void> {
  const beganAt = performance.now()
  for (let kill = 0; kill < plan.kills; kill++) {
    // Most kills come while rows flow, the others while tasks start.
    if (random.chance(0.7)) {
      const before = await stored()
      await until('records in objects before the next kill', QUIET_TIMEOUT_MS, async () => {
        fleet.assertAlive()
        return (await stored()) > before ? true : null
      })
    }
    await pause(random.between(0, 1000))
    fleet.assertAlive()
    const names = fleet.names.filter(() => random.chance(0.5))
    const victims = names.length > 0 ? names : [random.pick(fleet.names)]
    kills.push(`${victims.join('+')} at ${((performance.now() - beganAt) / 1000).toFixed(2)} s`)
    await fleet.kill(victims)
    await pause(random.between(0, 200))
    fleet.spawn(victims)
    // The next kill may come before they are ready.
    if (random.chance(0.7)) await fleet.ready()
    else await pause(random.between(0, 1000))
  }
  await fleet.ready()
  await pause(random.between(0, 500))
  fleet.assertAlive()
}

/** Waits until an object of each table holds a row that came after the given ones. */
async function whenStored(
  fleet: Fleet,
  bucket: string,
  tables: readonly GrowingTable[],
  rows: ReadonlyMap<string, readonly Row[]>,
): Promise<void> {
  let last = ''
  const isStored = async (table: GrowingTable): Promise<boolean> => {
    const upTo = await storedUpTo(bucket, topicOf(table))
    const lastRow = rows.get(table.name)?.length ?? 0
    last = `${table.name}: ${upTo} records in objects, ${lastRow} rows`
    if (upTo < lastRow) return false
    const objects = await readObjects(bucket, topicOf(table))
    return objects.some(({ lines }) => lines.some((line) => (JSON.parse(line) as Row).id > lastRow))
  }
  try {
    await until('the last row in an object', QUIET_TIMEOUT_MS, async () => {
      fleet.assertAlive()
      for (const name of ['source', 'sink']) await fleet.rest().assertHealthy(name)
      for (const table of tables) if (!(await isStored(table))) return null
      return true
    })
  } catch (error) {
    throw new Error(`${(error as Error).message} (${last}); ${await statuses(fleet)}`, { cause: error })
  }
}

async function statuses(fleet: Fleet): Promise<string> {
  try {
    return JSON.stringify((await fleet.rest().request('GET', '/connectors?expand=status')).body)
  } catch (error) {
    return `REST does not answer: ${String(error)}`
  }
}

async function compare(
  fleet: Fleet,
  bucket: string,
  plan: Plan,
  tables: readonly GrowingTable[],
  rows: ReadonlyMap<string, readonly Row[]>,
  kills: readonly string[],
): Promise<Verdict[]> {
  const topics = await readTopics(fleet.bootstrapServer, tables.map(topicOf))
  const workerKills = kills.filter((text) => fleet.workers.some((name) => text.includes(name))).length
  return Promise.all(
    tables.map(async (table) => {
      const verdict = verify({
        table: table.name,
        rows: rows.get(table.name) ?? [],
        topic: topics.get(topicOf(table)) ?? [],
        objects: await readObjects(bucket, topicOf(table)),
        recordsPerObject: plan.isScheduled ? null : plan.recordsPerObject,
        isOrdered: plan.mode === 'incrementing',
        mayStepBack: workerKills,
      })
      if (verdict.missing === 0 || plan.mode === 'incrementing' || table.slowestMs < TIMESTAMP_DELAY_MS) return verdict
      const note = `a statement took ${Math.round(table.slowestMs)} ms, longer than timestamp.delay.interval.ms=${TIMESTAMP_DELAY_MS}: the round proves nothing`
      return { ...verdict, violations: [...verdict.violations, note] }
    }),
  )
}
