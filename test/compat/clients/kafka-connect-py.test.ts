import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { until } from '../../../bench/rig/connect-rest.ts'
import { ForeignClient } from '../../support/foreign-client.ts'
import { startTestMillrace, type TestMillrace } from '../../support/millrace.ts'
import { pythonPackages } from '../../support/python-packages.ts'

// Two Python clients on requests: kafka-connect-py with its command `kc`, and kafka-connect-api, on which watchers build.

const packages = await pythonPackages('python-connect-clients-1', [
  'kafka-connect-py==1.0.0',
  'kafka-connect-api==0.5.9',
])
const skip = 'missing' in packages ? packages.missing : false
const run = promisify(execFile)

describe('the Python clients kafka-connect-py and kafka-connect-api', { skip }, () => {
  const config = {
    'connector.class': 'VerifiableSource',
    'tasks.max': '2',
    topic: 'from-python',
    throughput: '100',
  }
  const env = { ...process.env, PYTHONPATH: 'path' in packages ? packages.path : '' }
  let millrace: TestMillrace
  let client: ForeignClient
  const python = (expression: string): Promise<unknown> => client.call(expression)
  before(async () => {
    millrace = await startTestMillrace()
    const program = join(import.meta.dirname, '../../support/drive_connect_clients.py')
    client = new ForeignClient('python3', [program, millrace.rest.url], env)
  })
  after(async () => {
    client.close()
    await millrace.stop()
  })
  /** A value as Python writes it. */
  const literal = (value: unknown): string => `__import__('json').loads(${JSON.stringify(JSON.stringify(value))})`

  test('create a connector and read what there is of it', async () => {
    const created = await python(`kc.create_connector(${literal({ name: 'py', config })})`)
    assert.partialDeepStrictEqual(created, { name: 'py', type: 'source', config: { ...config, name: 'py' } })
    await millrace.reach('py', 'RUNNING', 2)
    const info = (await python('kc.get_cluster_info()')) as Record<string, string>
    assert.deepEqual(Object.keys(info), ['version', 'commit', 'kafka_cluster_id'])
    assert.equal(await python('cluster.version'), info['version'])
    assert.equal(await python('cluster.kafka_cluster'), info['kafka_cluster_id'])

    assert.deepEqual(await python('kc.list_connectors()'), ['py'])
    assert.partialDeepStrictEqual(await python("kc.list_connectors(expand='status', state='running')"), {
      py: { status: { connector: { state: 'RUNNING' } } },
    })
    assert.partialDeepStrictEqual(await python("kc.list_connectors(expand='info', pattern='p.')"), {
      py: { info: { config } },
    })
    assert.deepEqual(await python("kc.list_connectors(pattern='x.*')"), [])
    assert.deepEqual(await python("kc.get_connector_config('py')"), { ...config, name: 'py' })
    assert.partialDeepStrictEqual(await python("kc.get_connector('py')"), { tasks: [{ task: 0 }, { task: 1 }] })
    assert.equal(((await python("kc.list_connector_tasks('py')")) as unknown[]).length, 2)
    assert.partialDeepStrictEqual(await python("kc.get_connector_task_status('py', 1)"), { id: 1, state: 'RUNNING' })
    assert.equal(await python("cluster.connectors['py'].connector_class"), 'VerifiableSource')
    assert.deepEqual(await python("[task.is_running() for task in cluster.connectors['py'].tasks]"), [true, true])
  })

  test('ask for a connector with a slash at the end of its path', async () => {
    assert.equal(await python("cluster.connectors['py'].exists()"), true)
    const { error, message } = await client.ask("Connector(cluster, 'nobody').exists()")
    assert.equal(error, 'GenericNotFound', 'its exception for a 404 with a JSON body')
    assert.match(String(message), /Connector nobody not found/)
  })

  test('restart it with flags as Python writes them', async () => {
    await python("kc.restart_connector('py')")
    const both = "kc.restart_connector('py', include_tasks=True, only_failed=False)"
    assert.partialDeepStrictEqual(await python(both), { name: 'py', connector: { state: 'RESTARTING' } })
    await millrace.reach('py', 'RUNNING', 2)
    await python("kc.restart_all_connectors(include_tasks=True, only_failed=True, pattern='p.*')")
    await python("kc.restart_connector_task('py', 0)")
    await python("cluster.connectors['py'].restart()")
    await python("cluster.connectors['py'].restart_all_tasks()")
    await millrace.reach('py', 'RUNNING', 2)
  })

  test('pause, resume, cycle and stop it with requests without a body', async () => {
    await python("kc.pause_connector('py')")
    await millrace.reach('py', 'PAUSED', 2)
    await python("kc.resume_all_connectors(state='paused')")
    await millrace.reach('py', 'RUNNING', 2)
    await python("cluster.connectors['py'].cycle_connector()")
    await millrace.reach('py', 'RUNNING', 2)
    await python("kc.stop_connector('py')")
    await millrace.reach('py', 'STOPPED')
    await python("kc.resume_connector('py')")
    await millrace.reach('py', 'RUNNING', 2)
  })

  test('change its configuration', async () => {
    const changed = { ...config, 'tasks.max': '1' }
    assert.partialDeepStrictEqual(await python(`kc.update_connector('py', ${literal(changed)})`), { config: changed })
    await python(`setattr(cluster.connectors['py'], 'config', ${literal({ ...changed, throughput: '50' })})`)
    assert.deepEqual(await python("cluster.connectors['py'].config"), { ...changed, throughput: '50', name: 'py' })
  })

  test('read and reset the active topics', async () => {
    const topics = (): Promise<unknown> => python("kc.list_connector_topics('py')")
    await until('the active topic', 20_000, async () =>
      JSON.stringify(await topics()) === JSON.stringify({ py: { topics: ['from-python'] } }) ? true : null,
    )
    await python("kc.stop_connector('py')")
    await millrace.reach('py', 'STOPPED')
    await python("kc.reset_connector_topics('py')")
    assert.deepEqual(await topics(), { py: { topics: [] } })
  })

  test('list plugins and validate', async () => {
    const plugins = (await python('kc.list_connector_plugins()')) as { class: string; type: string }[]
    assert.equal(plugins.find((plugin) => plugin.class.endsWith('.VerifiableSourceConnector'))?.type, 'source')
    const wrong = literal({ ...config, name: 'py', 'tasks.max': 'many' })
    assert.partialDeepStrictEqual(await python(`kc.validate_connector_config('VerifiableSource', ${wrong})`), {
      name: 'VerifiableSource',
      error_count: 2,
    })
  })

  test('read and set levels of loggers', async () => {
    assert.equal(await python("cluster.root_logger['level']"), 'INFO')
    const name = 'org.apache.kafka.connect.runtime.WorkerSourceTask'
    assert.deepEqual(await python(`cluster.set_logger_log_level('${name}', 'DEBUG')`), [name])
    assert.partialDeepStrictEqual(await python('cluster.loggers'), { [name]: { level: 'DEBUG' } })
  })

  test('are told what went wrong', async () => {
    const status = async (expression: string): Promise<string> => {
      const { error, message } = await client.ask(expression)
      return `${error ?? 'no error'}: ${String(message).split(' for url')[0]}`
    }
    assert.equal(await status("kc.get_connector('nobody')"), 'HTTPError: 404 Client Error: Not Found')
    const again = `kc.create_connector(${literal({ name: 'py', config })})`
    assert.equal(await status(again), 'HTTPError: 409 Client Error: Conflict')
    const wrong = `kc.update_connector('other', ${literal({ ...config, 'tasks.max': 'many' })})`
    assert.equal(await status(wrong), 'HTTPError: 400 Client Error: Bad Request')
    assert.match(await status("kc.restart_connector('nobody')"), /^HTTPError: \{"error_code":404,/)
  })

  test('command kc prints and deletes', async () => {
    const kc = async (...args: string[]): Promise<string> => {
      const program = ['-c', 'from kafka_connect.cli import cli; cli()', '--url', millrace.rest.url]
      return (await run('python3', [...program, ...args], { env })).stdout
    }
    assert.deepEqual(JSON.parse(await kc('list')), ['py'])
    assert.partialDeepStrictEqual(JSON.parse(await kc('status', 'py')), { connector: { state: 'STOPPED' } })
    await kc('delete', '--all', '--pattern', 'p.*')
    assert.deepEqual(JSON.parse(await kc('list')), [])
  })
})
