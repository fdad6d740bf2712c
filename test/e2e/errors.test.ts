import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type ConnectorStatus, until } from '../../bench/rig/connect-rest.ts'
import { startTestMillrace, type TestMillrace } from '../support/millrace.ts'
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts'

const bin = fileURLToPath(new URL('../../src/cli/bin.cjs', import.meta.url))
const fixtures = fileURLToPath(new URL('../fixtures/plugins', import.meta.url))

describe('what is wrong with a connector is said over REST', () => {
  let millrace: TestMillrace
  let database: TestPostgres

  before(async () => {
    ;[millrace, database] = await Promise.all([startTestMillrace({ 'plugin.path': fixtures }), startTestPostgres()])
    const client = await database.client()
    await client.query('CREATE TABLE present (id int PRIMARY KEY); INSERT INTO present VALUES (1)')
  })
  after(async () => {
    await millrace.stop()
    await database.stop()
  })

  const jdbc = (overrides: Record<string, string>): Record<string, string> => ({
    'connector.class': 'JdbcSource',
    'connection.url': database.jdbcUrl(),
    'connection.user': database.user,
    'connection.password': database.password,
    'connection.attempts': '1',
    'table.whitelist': 'present',
    mode: 'bulk',
    'topic.prefix': 'e-',
    ...overrides,
  })

  const failedTrace = async (name: string, config: Record<string, string>): Promise<string> => {
    const created = await millrace.rest.request('POST', '/connectors', { name, config })
    assert.equal(created.status, 201, JSON.stringify(created.body))
    const status = await millrace.reach(name, 'FAILED')
    return status.connector.trace ?? ''
  }

  const refusal = async (config: Record<string, unknown>): Promise<{ status: number; message: string }> => {
    const answer = await millrace.rest.request('POST', '/connectors', { name: 'refused', config })
    const body = answer.body as { error_code: number; message: string }
    assert.equal(body.error_code, answer.status)
    assert.equal((await millrace.rest.request('GET', '/connectors/refused')).status, 404, 'nothing may be half created')
    return { status: answer.status, message: body.message }
  }

  test('a wrong password fails the connector, names the settings and hides the password', async () => {
    const trace = await failedTrace('wrong-password', jdbc({ 'connection.password': 'hunter2hunter2' }))
    assert.match(trace, /refused user "postgres".*Check connection\.user and connection\.password/)
    assert.ok(!JSON.stringify(await millrace.rest.ok('GET', '/connectors/wrong-password/status')).includes('hunter2'))
    assert.ok(!millrace.process.output().includes('hunter2'))
  })

  test('a missing table fails the connector and names the setting', async () => {
    assert.match(
      await failedTrace('missing-table', jdbc({ 'table.whitelist': 'absent' })),
      /No table .*table\.whitelist=absent/,
    )
  })

  test('a missing bucket fails the task and names the bucket', async () => {
    await mkdir(join(millrace.folder, 'store'), { recursive: true })
    const config = {
      'connector.class': 'io.confluent.connect.s3.S3SinkConnector',
      topics: 'e-present',
      'store.url': pathToFileURL(join(millrace.folder, 'store')).href,
      's3.bucket.name': 'no-such-bucket',
      'storage.class': 'io.confluent.connect.s3.storage.S3Storage',
      'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
      'flush.size': '10',
    }
    await millrace.rest.createConnector({ name: 'missing-bucket', config })
    const trace = await until('the failure of the task', 20_000, async () => {
      const answer = await millrace.rest.request('GET', '/connectors/missing-bucket/status')
      const [task] = answer.status === 200 ? (answer.body as ConnectorStatus).tasks : []
      return task?.state === 'FAILED' ? (task.trace ?? '') : null
    })
    assert.match(trace, /no-such-bucket/)
  })

  test('an unknown class, a missing setting and a wrong type are refused with 400, each by name', async () => {
    const unknown = await refusal({ 'connector.class': 'org.example.Nope' })
    assert.equal(unknown.status, 400)
    assert.match(unknown.message, /org\.example\.Nope.*available connectors are:.*JdbcSourceConnector/s)
    const typed = await refusal({ ...jdbc({}), 'poll.interval.ms': 'soon', 'tasks.max': '0' })
    assert.equal(typed.status, 400)
    assert.match(typed.message, /Invalid value soon for configuration poll\.interval\.ms: Not a number of type INT/)
    assert.match(typed.message, /Invalid value 0 for configuration tasks\.max: Value must be at least 1/)
    const { mode: _mode, ...withoutMode } = jdbc({})
    assert.match(
      (await refusal(withoutMode)).message,
      /Missing required configuration "mode" which has no default value/,
    )
  })

  test('malformed JSON is answered in the shape of every error', async () => {
    const response = await fetch(`${millrace.rest.url}/connectors`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"name": "x", ',
    })
    const body = (await response.json()) as { error_code: number; message: string }
    assert.equal(response.status, body.error_code)
    assert.ok(body.message.length > 0)
  })

  test('after all that, a good connector runs beside the failed ones', async () => {
    await millrace.rest.createConnector({ name: 'good', config: jdbc({ 'poll.interval.ms': '100' }) })
    await millrace.reach('good', 'RUNNING', 1)
  })
})

describe('what is wrong with the start is said at the terminal', () => {
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-errors-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const start = (...overrides: string[]): { code: number | null; message: string } => {
    const args = [bin, 'start', '--log-level', 'fatal']
    const defaults = [
      'listeners=http://127.0.0.1:0',
      'broker.listeners=PLAINTEXT://127.0.0.1:0',
      `broker.log.dirs=${join(folder, 'log')}`,
    ]
    for (const override of [...defaults, ...overrides]) args.push('--override', override)
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000, cwd: folder })
    return { code: status, message: stderr }
  }

  test('a taken REST port and a taken broker port are named, with the setting', async () => {
    const holder = createServer()
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
    const address = holder.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const rest = start(`listeners=http://127.0.0.1:${port}`)
    const broker = start(`broker.listeners=PLAINTEXT://127.0.0.1:${port}`)
    holder.close()
    assert.match(rest.message, new RegExp(`listeners.*${port}|${port}.*listeners`))
    assert.match(broker.message, new RegExp(`listeners.*${port}|${port}.*listeners`))
    assert.equal(rest.code, 3, rest.message)
    assert.equal(broker.code, 3, broker.message)
  })

  test('a data folder that cannot be written is named', async () => {
    await writeFile(join(folder, 'file'), '')
    const { code, message } = start(`broker.log.dirs=${join(folder, 'file', 'below')}`)
    assert.equal(code, 3, message)
    assert.match(message, /file\/below/)
  })

  test('a file that is not there, a bad override and a bad property end with their codes', () => {
    const missing = spawnSync(process.execPath, [bin, 'start', join(folder, 'none.properties')], { encoding: 'utf8' })
    assert.equal(missing.status, 3)
    assert.match(missing.stderr, /none\.properties.*no such file/)
    const override = spawnSync(process.execPath, [bin, 'start', '--override', 'listeners'], { encoding: 'utf8' })
    assert.equal(override.status, 2)
    assert.match(override.stderr, /--override takes key=value/)
    const property = start('offset.flush.interval.ms=often')
    assert.equal(property.code, 2, property.message)
    assert.match(property.message, /offset\.flush\.interval\.ms/)
    const broker = start('broker.num.partitions=many')
    assert.equal(broker.code, 2, broker.message)
    assert.match(broker.message, /num\.partitions/)
  })
})
