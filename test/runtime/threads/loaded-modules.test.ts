import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

const task = new URL('../../../src/runtime/threads/task-host.ts', import.meta.url).href
const plugins = new URL('../../../src/runtime/plugins/load-plugins.ts', import.meta.url).href
const registry = new URL('../../../src/runtime/plugins/plugin-registry.ts', import.meta.url).href
const logger = new URL('../../../src/base/logger.ts', import.meta.url).href

// In a process of its own, which has loaded nothing yet.
const program = `
  import { registerHooks } from 'node:module'
  const loaded = []
  registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) })
  await import('${task}')
  const { addBundledPlugins } = await import('${plugins}')
  const { PluginRegistry } = await import('${registry}')
  const { silentLogger } = await import('${logger}')
  const registry = new PluginRegistry()
  await addBundledPlugins(registry, silentLogger)
  process.stdout.write(JSON.stringify({ loaded, plugins: registry.all.map((plugin) => plugin.class) }))
`

test('a task thread loads what its tasks need alone: no client of a database or store, no REST, no broker', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
  const { loaded, plugins: known } = JSON.parse(stdout) as { loaded: string[]; plugins: string[] }
  assert.ok(known.includes('io.confluent.connect.s3.S3SinkConnector'))
  assert.ok(known.includes('io.confluent.connect.jdbc.JdbcSourceConnector'))
  const needless =
    /\/node_modules\/(?:@aws-sdk|@smithy|pg|fastify|ajv)\/|\/src\/(?:broker|rest|cli)\/|\/runtime\/herder\//
  assert.deepEqual(
    loaded.filter((url) => needless.test(url)),
    [],
  )
  // A hundred kinds of requests there are; a task sends a dozen.
  assert.ok(loaded.some((url) => url.endsWith('/protocol/messages/fetch.ts')))
  assert.ok(!loaded.some((url) => url.endsWith('/protocol/messages/index.ts')))
})
