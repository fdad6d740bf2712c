import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { until } from '../../../bench/rig/connect-rest.ts'
import { ForeignClient } from '../../support/foreign-client.ts'
import { connectClientLibs, kafkaLibsReason } from '../../support/kafka-libs.ts'
import { startTestMillrace, type TestMillrace } from '../../support/millrace.ts'

// KafkaConnectClient of org.sourcelab, through each of its operations. It takes no field that it does not know.

const classPath = await connectClientLibs()
const skip = classPath === null ? kafkaLibsReason() : false

describe('the Java client org.sourcelab:kafka-connect-client', { skip }, () => {
  const config = {
    'connector.class': 'VerifiableSource',
    'tasks.max': '2',
    topic: 'from-java',
    throughput: '100',
  }
  let millrace: TestMillrace
  let client: ForeignClient
  const call = (method: string, ...args: unknown[]): Promise<unknown> => client.call([method, ...args])
  before(async () => {
    millrace = await startTestMillrace()
    const program = join(import.meta.dirname, '../../support/DriveConnectClient.java')
    client = new ForeignClient('java', ['-XX:TieredStopAtLevel=1', '-cp', classPath ?? '', program, millrace.rest.url])
  })
  after(async () => {
    client.close()
    await millrace.stop()
  })

  test('learns the version', async () => {
    const info = (await call('getConnectServerVersion')) as { version: string; commit: string; kafkaClusterId: string }
    assert.match(info.version, /^4\.\d+\.\d+$/, 'as clients compare it with releases of Kafka')
    assert.match(info.commit, /^millrace-\d/)
    assert.notEqual(info.kafkaClusterId, '')
  })

  test('creates a connector and reads what there is of it', async () => {
    const created = (await call('addConnector', 'java', config)) as { name: string; type: string; config: unknown }
    assert.deepEqual([created.name, created.type], ['java', 'source'])
    assert.deepEqual(created.config, { ...config, name: 'java' })
    await millrace.reach('java', 'RUNNING', 2)

    assert.deepEqual(await call('getConnectors'), ['java'])
    assert.deepEqual(await call('getConnectorConfig', 'java'), { ...config, name: 'java' })
    const status = (await call('getConnectorStatus', 'java')) as { type: string; connector: { state: string } }
    assert.deepEqual([status.type, status.connector.state], ['source', 'RUNNING'])
    const definition = (await call('getConnector', 'java')) as { tasks: unknown[] }
    assert.deepEqual(definition.tasks, [
      { connector: 'java', task: 0 },
      { connector: 'java', task: 1 },
    ])
    const tasks = (await call('getConnectorTasks', 'java')) as { id: unknown; config: Record<string, string> }[]
    assert.deepEqual(
      tasks.map(({ id }) => id),
      definition.tasks,
    )
    assert.equal(tasks[1]?.config['id'], '1')
    assert.partialDeepStrictEqual(await call('getConnectorTaskStatus', 'java', 1), { id: 1, state: 'RUNNING' })

    const both = (await call('getConnectorsWithAllExpandedMetadata')) as Record<
      string,
      { status: object; info: object }
    >
    assert.deepEqual(both['java'], { status, info: definition })
    assert.deepEqual(await call('getConnectorsWithExpandedStatus'), { java: { status } })
    assert.deepEqual(await call('getConnectorsWithExpandedInfo'), { java: { info: definition } })
  })

  test('reads and resets the active topics', async () => {
    const topics = async (): Promise<string[]> =>
      ((await call('getConnectorTopics', 'java')) as { topics: string[] }).topics
    await until('the active topic', 20_000, async () => ((await topics()).length > 0 ? true : null))
    assert.deepEqual(await topics(), ['from-java'])
    await call('pauseConnector', 'java')
    await millrace.reach('java', 'PAUSED', 2)
    assert.equal(await call('resetConnectorTopics', 'java'), true)
    assert.deepEqual(await topics(), [])
    await call('resumeConnector', 'java')
    await millrace.reach('java', 'RUNNING', 2)
  })

  test('changes, restarts, stops and resumes it', async () => {
    const changed = await call('updateConnectorConfig', 'java', { ...config, 'tasks.max': '1' })
    assert.partialDeepStrictEqual(changed, { name: 'java', config: { 'tasks.max': '1' } })
    await until('one task', 20_000, async () =>
      ((await call('getConnectorTasks', 'java')) as unknown[]).length === 1 ? true : null,
    )
    await millrace.reach('java', 'RUNNING', 1)
    assert.equal(await call('restartConnector', 'java'), true)
    assert.equal(await call('restartConnector', 'java', true, false), true)
    assert.equal(await call('restartConnector', 'java', true, true), true)
    await millrace.reach('java', 'RUNNING', 1)
    assert.equal(await call('restartConnectorTask', 'java', 0), true)
    assert.equal(await call('stopConnector', 'java'), true)
    await millrace.reach('java', 'STOPPED')
    assert.equal(await call('resumeConnector', 'java'), true)
    await millrace.reach('java', 'RUNNING', 1)
  })

  test('lists plugins and validates', async () => {
    const plugins = (await call('getConnectorPlugins')) as { className: string; type: string }[]
    const found = plugins.find(({ className }) => className.endsWith('.VerifiableSourceConnector'))
    assert.equal(found?.type, 'source')
    const definition = { ...config, name: 'java', 'tasks.max': 'many' }
    const answer = (await call('validateConnectorPluginConfig', 'VerifiableSourceConnector', definition)) as {
      errorCount: number
      configs: { definition: { name: string }; value: { errors: string[] } }[]
    }
    const wrong = answer.configs.filter(({ value }) => value.errors.length > 0)
    assert.deepEqual(
      wrong.map((one) => one.definition.name),
      ['tasks.max'],
    )
    assert.equal(answer.errorCount, wrong[0]?.value.errors.length)
  })

  test('is told what went wrong', async () => {
    const failed = async (...line: unknown[]): Promise<readonly unknown[]> => {
      const { error, message } = await client.ask(line)
      return [error, message]
    }
    assert.deepEqual(await failed('getConnector', 'nobody'), [
      'ResourceNotFoundException',
      'Connector nobody not found',
    ])
    const [kind, text] = await failed('addConnector', 'java', config)
    assert.equal(kind, 'ConcurrentConfigModificationException')
    assert.match(String(text), /^Connector java already exists/)
    const [invalid, why] = await failed('addConnector', 'other', { ...config, 'tasks.max': 'many' })
    assert.equal(invalid, 'InvalidRequestException')
    assert.match(String(why), /^Connector configuration is invalid and contains the following \d+ error\(s\):/)
    assert.deepEqual(await failed('restartConnectorTask', 'java', 7), [
      'ResourceNotFoundException',
      'Task java-7 not found',
    ])
    assert.equal((await failed('deleteConnector', 'nobody'))[0], 'ResourceNotFoundException')
  })

  test('deletes it', async () => {
    assert.equal(await call('deleteConnector', 'java'), true)
    assert.deepEqual(await call('getConnectors'), [])
  })
})
