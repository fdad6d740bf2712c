import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import { startWorker, type StartWorkerOptions } from '../../../src/rest/start-worker.ts'
import type { ConnectorInfo, ConnectorStateInfo, Health, LoggerLevel } from '../../../src/runtime/index.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { callRest, testWorkerProps } from '../../support/connect-worker.ts'
import { eventually } from '../../support/task-runner.ts'

let broker: TestBroker
let folder: string

before(async () => {
  broker = await startTestBroker()
  folder = await mkdtemp(join(tmpdir(), 'millrace-standalone-worker-'))
})

after(async () => {
  await broker.close()
  await rm(folder, { recursive: true, force: true })
})

/** A worker that may not have started yet, and what it answers with which status. */
async function open(name: string, options: Partial<StartWorkerOptions> = {}, given: Record<string, string> = {}) {
  const props = { 'offset.storage.file.filename': join(folder, name), ...given }
  const worker = await startWorker(testWorkerProps(broker.bootstrap, props), {
    logger: silentLogger,
    standalone: true,
    ...options,
  })
  const call = async (method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> =>
    callRest(worker.urls[0] ?? '', method, path, body)
  return { worker, call }
}

type Call = Awaited<ReturnType<typeof open>>['call']
type Loggers = Record<string, LoggerLevel>

async function untilRunning(call: Call, name: string, tasks: number): Promise<void> {
  await eventually(async () => {
    const { status, body } = await call('GET', `/connectors/${name}/status`)
    if (status !== 200) return false
    const { connector, tasks: found } = body as ConnectorStateInfo
    return found.length === tasks && [connector, ...found].every(({ state }) => state === 'RUNNING')
  }, `${name} running with ${tasks} tasks`)
}

describe('StandaloneWorkerIntegrationTest', () => {
  test('testDynamicLogging: a level is for a namespace, with the time of its change, in every scope', async (t) => {
    const { worker, call } = await open('logging')
    t.after(() => worker.stop())
    await worker.started
    const all = async (): Promise<Loggers> => (await call('GET', '/admin/loggers')).body as Loggers
    const one = async (name: string): Promise<LoggerLevel> =>
      (await call('GET', `/admin/loggers/${name}`)).body as LoggerLevel
    let levels = await all()
    assert.notEqual(Object.keys(levels).length, 0)
    assert.ok(Object.values(levels).every((level) => level.last_modified === null))

    for (const [namespace, first, level, scope] of [
      ['org.apache.kafka.connect', 'ERROR', 'DEBUG', ''],
      ['org.apache.kafka.clients', 'WARN', 'INFO', '?scope=worker'],
      ['org.apache.kafka.streams', 'DEBUG', 'TRACE', '?scope=cluster'],
    ] as const) {
      const set = (to: string) => call('PUT', `/admin/loggers/${namespace}${scope}`, { level: to })
      await set(first)
      const since = Date.now()
      const { status, body } = await set(level)
      if (scope === '?scope=cluster') assert.deepEqual([status, body], [204, undefined])
      else {
        assert.ok((body as string[]).includes(namespace))
        assert.ok((body as string[]).every((name) => name.startsWith(namespace)))
      }
      const found = await one(namespace)
      assert.equal(found.level, level)
      assert.ok((found.last_modified ?? 0) >= since)
      const now = await all()
      for (const name of Object.keys(levels)) assert.ok(name in now, name)
      for (const [name, is] of Object.entries(now)) {
        if (!name.startsWith(namespace)) assert.deepEqual(is, levels[name], name)
        else assert.ok(is.level === level && (is.last_modified ?? since) >= since, name)
      }
      await set(level)
      assert.deepEqual(await one(namespace), found)
      levels = now
    }
  })

  test('testCreateConnectorWithStoppedInitialState: without tasks until it is resumed', async (t) => {
    const { worker, call } = await open('stopped')
    t.after(() => worker.stop())
    await worker.started
    const config = { 'connector.class': 'MonitorableSource', topic: 'stopped', 'tasks.max': '4', throughput: '10' }
    const request = { name: 'test-connector', config, initial_state: 'STOPPED' }
    const created = await call('POST', '/connectors', request)
    assert.deepEqual([created.status, (created.body as ConnectorInfo).tasks], [201, []])
    const { body } = await call('GET', '/connectors/test-connector/status')
    assert.equal((body as ConnectorStateInfo).connector.state, 'STOPPED')
    assert.deepEqual(((await call('GET', '/connectors/test-connector')).body as ConnectorInfo).tasks, [])
    assert.deepEqual((await call('GET', '/connectors/test-connector/tasks')).body, [])
    assert.equal((await call('PUT', '/connectors/test-connector/resume')).status, 202)
    await untilRunning(call, 'test-connector', 4)
  })

  test('testHealthCheck: starting until the connectors of the command line have started; one that blocks later leaves it well', async (t) => {
    const gate = join(folder, 'gate')
    await writeFile(gate, '')
    const blocked = { name: 'test-connector', 'connector.class': 'BlockingSource', block: 'Connector::start' }
    const prepare: StartWorkerOptions['prepare'] = async (herder) => {
      await herder.putConnector('test-connector', { ...blocked, 'block.while': gate }, { allowReplace: false })
    }
    const { worker, call } = await open('health', { prepare }, { 'plugin.call.timeout.ms': '10000' })
    t.after(() => worker.stop())
    const listed = async (): Promise<boolean> => (await worker.herder.connectors()).includes('test-connector')
    await eventually(listed, 'the connector')
    const starting = await call('GET', '/health')
    assert.equal(starting.status, 503)
    assert.match((starting.body as Health).message, /^Worker is still starting up\./)

    await rm(gate)
    await worker.started
    const ready = await call('GET', '/health')
    assert.equal(ready.status, 200)
    assert.equal((ready.body as Health).message, 'Worker has completed startup and is ready to handle requests.')
    await untilRunning(call, 'test-connector', 1)

    await writeFile(gate, '')
    const config = { ...blocked, block: 'Connector::taskConfigs', 'block.while': gate }
    const changing = call('PUT', '/connectors/test-connector/config', config)
    const isAsked = (): boolean => worker.herder.stage()?.description === 'generating its task configs'
    await eventually(isAsked, 'the call that blocks')
    assert.equal((await call('GET', '/health')).status, 200)
    await rm(gate)
    assert.equal((await changing).status, 200)
    assert.equal((await call('DELETE', '/connectors/test-connector')).status, 204)
  })

  test('a connector of the command line that cannot be created ends the start with what is wrong, and closes everything', async () => {
    const prepare: StartWorkerOptions['prepare'] = async (herder) => {
      await herder.putConnector('lame', { name: 'lame', 'connector.class': 'None' }, { allowReplace: false })
    }
    const { worker } = await open('lame', { prepare })
    await assert.rejects(
      worker.started,
      /Failed to find any class that implements Connector and which name matches None/,
    )
    await assert.rejects(fetch(worker.urls[0] ?? ''))
  })

  test('a connector that hangs while it says what its tasks are is FAILED, and the answer says so', async (t) => {
    const { worker, call } = await open('hanging', {}, { 'plugin.call.timeout.ms': '300' })
    t.after(() => worker.stop())
    await worker.started
    const config = { 'connector.class': 'BlockingSource', block: 'Connector::taskConfigs' }
    const { status, body } = await call('POST', '/connectors', { name: 'hanging', config })
    assert.equal(status, 500)
    assert.match(JSON.stringify(body), /Connector hanging failed after its start; its status says why/)
    const found = (await call('GET', '/connectors/hanging/status')).body as ConnectorStateInfo
    assert.equal(found.connector.state, 'FAILED')
    assert.match(found.connector.trace ?? '', /taskConfigs/)
    assert.equal((await call('GET', '/health')).status, 200)
  })
})
