// npm run bench: table → topic → objects through one Millrace process, each leg beside the limit measured in the same run.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { CopyOut } from '../../connectors/postgres/wire/copy-out.ts'
import { CopySocket } from '../../connectors/postgres/wire/copy-socket.ts'
import { Consumer, createCluster } from '../../src/client/index.ts'
import { freePort } from '../../test/support/free-port.ts'
import { startTestPostgres, type TestPostgres } from '../../test/support/postgres.ts'
import { ConnectRest, until } from '../rig/connect-rest.ts'
import { type MillraceProcess, startMillrace } from '../rig/millrace-process.ts'
import { ObjectFolder } from '../rig/object-folder.ts'
import { optionsOrExit } from '../rig/options.ts'
import { createOrders } from '../rig/orders.ts'
import { openTopicEnd } from '../rig/topic-end.ts'
import { Figures } from './figures.ts'
import { RestProbe } from './rest-probe.ts'

const TOPIC = 'bench.orders'
const TIMEOUT_MS = 600_000
/** One drain alone differs by a third from the next, and everything from the table is compared with it. */
const COPY_DRAINS = 3

const STATUS_REQUESTS_PER_SECOND = 200
const withStatusRequests = `table → topic with ${STATUS_REQUESTS_PER_SECOND} status requests a second`

/** Name, topic prefix and transforms of each run from the table to a topic. */
const sourceLegs: readonly (readonly [string, string, Record<string, string>])[] = [
  ['table → topic', 'bench.', {}],
  [
    'table → topic with InsertField and ReplaceField',
    'bench.shaped.',
    {
      transforms: 'add,drop',
      'transforms.add.type': 'org.apache.kafka.connect.transforms.InsertField$Value',
      'transforms.add.static.field': 'origin',
      'transforms.add.static.value': 'bench',
      'transforms.drop.type': 'org.apache.kafka.connect.transforms.ReplaceField$Value',
      'transforms.drop.exclude': 'status',
    },
  ],
  [withStatusRequests, 'bench.watched.', {}],
]

interface Measured {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakBytes: number
}

/** Runs `work` and watches what the process needs meanwhile. */
async function measured(millrace: MillraceProcess, work: () => Promise<void>): Promise<Measured> {
  const cpuBefore = millrace.cpuSeconds() ?? 0
  let peakBytes = 0
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, millrace.residentBytes() ?? 0)
  }, 50)
  const startedAt = performance.now()
  try {
    await work()
  } finally {
    clearInterval(watch)
  }
  return {
    seconds: (performance.now() - startedAt) / 1000,
    cpuSeconds: (millrace.cpuSeconds() ?? 0) - cpuBefore,
    peakBytes,
  }
}

/** Drains `COPY … TO STDOUT` of the table's columns and throws the bytes away: rows per second. */
async function copyDrain(server: TestPostgres, rows: number): Promise<number> {
  const { host, port, user, password } = server
  const client = new pg.Client({ host, port, user, password, database: 'postgres', stream: () => new CopySocket() })
  await client.connect()
  const startedAt = performance.now()
  const copy = CopyOut.start(client, 'COPY (SELECT * FROM orders WHERE id > -1 ORDER BY id ASC) TO STDOUT')
  for (let chunk = copy.take(); chunk !== null; chunk = copy.take()) if (chunk === undefined) await copy.ready()
  const rate = rows / ((performance.now() - startedAt) / 1000)
  await client.end()
  return rate
}

/** The median of several measurements, one after the other. */
async function middleOf(times: number, measure: () => Promise<number>): Promise<number> {
  const values: number[] = []
  for (let i = 0; i < times; i++) values.push(await measure())
  return values.sort((a, b) => a - b)[Math.floor(times / 2)] ?? 0
}

/** Fetches every record batch of the topic and throws the bytes away: rows per second. */
async function topicDrain(bootstrapServer: string, rows: number): Promise<number> {
  const cluster = createCluster({ bootstrapServers: [bootstrapServer], clientId: 'bench-drain' })
  const consumer = new Consumer(cluster, { autoOffsetReset: 'earliest' })
  const startedAt = performance.now()
  consumer.assign([{ topic: TOPIC, partition: 0 }])
  while ((await consumer.position(TOPIC, 0)) < rows) await consumer.poll(1000)
  const rate = rows / ((performance.now() - startedAt) / 1000)
  await consumer.close()
  await cluster.close()
  return rate
}

async function run(rows: number, only: string | undefined): Promise<void> {
  const figures = new Figures()
  const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
  const server = await startTestPostgres()
  let millrace: MillraceProcess | undefined
  try {
    await createOrders(await server.client(), rows)
    const [restPort, brokerPort] = [await freePort(), await freePort()]
    const restUrl = `http://127.0.0.1:${restPort}`
    const bootstrapServer = `127.0.0.1:${brokerPort}`
    millrace = await startMillrace({
      restUrl,
      overrides: {
        listeners: restUrl,
        'broker.listeners': `PLAINTEXT://${bootstrapServer}`,
        'broker.log.dirs': join(folder, 'broker'),
      },
    })
    figures.add('start-up, until REST and broker answer', millrace.readyMs, 'ms')
    await pause(2000)
    figures.add('resident memory, idle', (millrace.residentBytes() ?? 0) / 1e6, 'MB')

    const rest = new ConnectRest(restUrl)
    const copy = await middleOf(COPY_DRAINS, () => copyDrain(server, rows))
    figures.add('COPY drain', copy, 'rows/s')
    const sourceConfig = {
      'connector.class': 'io.confluent.connect.jdbc.JdbcSourceConnector',
      'connection.url': server.jdbcUrl(),
      'connection.user': server.user,
      'connection.password': server.password,
      'table.whitelist': 'orders',
      mode: 'incrementing',
      'incrementing.column.name': 'id',
      'batch.max.rows': '10000',
      'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
      'value.converter.schemas.enable': 'false',
    }
    for (const [leg, prefix, transforms] of sourceLegs) {
      const name = `bench-source-${prefix}`
      const topicEnd = await openTopicEnd(bootstrapServer, `${prefix}orders`)
      const process = millrace
      let probe: RestProbe | undefined
      const toTopic = await measured(process, async () => {
        await rest.createConnector({ name, config: { ...sourceConfig, 'topic.prefix': prefix, ...transforms } })
        if (leg === withStatusRequests) {
          // A connector that was just created has no status yet, which would count as a failure.
          await until('a status', TIMEOUT_MS, () => rest.assertHealthy(name), 5)
          probe = new RestProbe(`${restUrl}/connectors/${name}/status`, STATUS_REQUESTS_PER_SECOND)
        }
        await until(
          'every row in the topic',
          TIMEOUT_MS,
          async () => {
            await rest.assertHealthy(name)
            return (await topicEnd.offset()) >= rows ? true : null
          },
          20,
        )
      })
      figures.add(leg, rows / toTopic.seconds, 'rows/s', { value: copy, name: 'COPY drain' })
      figures.add(`${leg}, CPU`, (toTopic.cpuSeconds / rows) * 1e6, 's per 1 M rows')
      figures.add(`${leg}, resident memory`, toTopic.peakBytes / 1e6, 'MB')
      const latencies = probe?.stop()
      if (latencies !== undefined) {
        figures.add('status requests answered', latencies.count, 'requests')
        figures.add('status requests that failed', latencies.failed, 'requests')
        figures.add('status request, median', latencies.p50, 'ms')
        figures.add('status request, 99th percentile', latencies.p99, 'ms')
      }
      await rest.ok('PUT', `/connectors/${name}/pause`)
      await topicEnd.close()
    }
    if (only === 'source') return

    const drain = await topicDrain(bootstrapServer, rows)
    figures.add('topic drain', drain, 'rows/s')
    await mkdir(join(folder, 'objects', 'bench'), { recursive: true })
    const objects = new ObjectFolder(join(folder, 'objects', 'bench', 'topics', TOPIC))
    const flushSize = Math.max(1, Math.floor(rows / 20))
    const expected = Math.floor(rows / flushSize) * flushSize
    const sink = {
      name: 'bench-sink',
      config: {
        'connector.class': 'io.confluent.connect.s3.S3SinkConnector',
        topics: TOPIC,
        'store.url': pathToFileURL(join(folder, 'objects')).href,
        's3.bucket.name': 'bench',
        'storage.class': 'io.confluent.connect.s3.storage.S3Storage',
        'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
        'flush.size': String(flushSize),
        'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
        'value.converter.schemas.enable': 'false',
      },
    }
    const toObjects = await measured(millrace, async () => {
      await rest.createConnector(sink)
      await until(
        'every record in objects',
        TIMEOUT_MS,
        async () => {
          await rest.assertHealthy(sink.name)
          return (await objects.countObjects()) >= expected / flushSize ? true : null
        },
        20,
      )
    })
    const records = await objects.countRecords()
    if (records !== expected) throw new Error(`the objects hold ${records} records instead of ${expected}`)
    figures.add('topic → objects', expected / toObjects.seconds, 'rows/s', { value: drain, name: 'topic drain' })
    figures.add('topic → objects, CPU', (toObjects.cpuSeconds / expected) * 1e6, 's per 1 M rows')
    figures.add('topic → objects, resident memory', toObjects.peakBytes / 1e6, 'MB')
  } finally {
    await millrace?.stop()
    await server.stop()
    await rm(folder, { recursive: true, force: true })
    console.log(`\n${figures.table()}`)
  }
}

const usage = `Usage: npm run bench -- [options]

  --rows <n>     rows in the table (default 1000000)
  --only source  from the table to the topic alone
`

function readOptions(): { rows: number; only: string | undefined } {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '1000000' },
      only: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    process.exit(0)
  }
  const rows = Number(values.rows)
  if (!Number.isInteger(rows) || rows < 1) throw new Error(`--rows takes a number, not "${values.rows}"`)
  if (values.only !== undefined && values.only !== 'source')
    throw new Error(`--only takes source, not "${values.only}"`)
  return { rows, only: values.only }
}

const { rows: rowsInTable, only: onlyPart } = optionsOrExit(readOptions, usage)
await run(rowsInTable, onlyPart)
