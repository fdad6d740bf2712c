import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ConnectCluster } from '../../support/connect-cluster.ts'
import { testPlugins } from '../../support/task-runner.ts'

/** Serves what it sees of the cluster; asks for the connectors at once, which must not keep the worker from starting. */
const extension = `
import { config, defineRestExtension } from 'millrace/connect'

export default defineRestExtension({
  class: 'test.IntegrationTestRestExtension',
  version: 'test',
  summary: 'Shows what an extension sees.',
  config: config({}),
  create: () => ({
    register({ clusterState, route }) {
      const connectors = clusterState.connectors()
      route('GET', '/integration-test-rest-extension/registered', async () => ({ body: await connectors }))
      route('GET', '/integration-test-rest-extension/connectors/:name', async ({ params: { name } }) => ({
        body: { health: await clusterState.connectorHealth(name), config: await clusterState.connectorConfig(name) },
      }))
    },
  }),
})
`

describe('RestExtensionIntegrationTest', () => {
  test('testRestExtensionApi: an extension of plugin.path adds its resource, and sees health and configuration', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-rest-extension-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    await writeFile(join(folder, 'extension.ts'), extension)
    const cluster = await ConnectCluster.start(1, {
      'plugin.path': `${folder},${testPlugins}`,
      'rest.extension.classes': 'test.IntegrationTestRestExtension',
    })
    t.after(() => cluster.close())
    assert.deepEqual(await cluster.expect(200, 'GET', '/integration-test-rest-extension/registered'), [])
    const config = { 'connector.class': 'MonitorableSink', 'tasks.max': '1', topics: 'test-topic' }
    await cluster.configure('test-conn', config)
    await cluster.until('test-conn', 'RUNNING', 1)
    const workerId = new URL(cluster.workers[0]?.urls[0] ?? '').host
    const running = { state: 'RUNNING', workerId, trace: null }
    assert.deepEqual(await cluster.expect(200, 'GET', '/integration-test-rest-extension/connectors/test-conn'), {
      health: { name: 'test-conn', type: 'sink', connector: running, tasks: [{ id: 0, ...running }] },
      config: { ...config, name: 'test-conn' },
    })
  })
})
