import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseProperties } from '../../src/base/properties.ts'

const page = readFileSync(new URL('../../docs/coming-from-kafka-connect.md', import.meta.url), 'utf8')

test('the command that writes variables of Docker images into a file does so', (t) => {
  const command = [...page.matchAll(/```sh\n([\s\S]*?)```/g)]
    .map(([, text]) => text ?? '')
    .find((text) => text.startsWith('env '))
  const folder = mkdtempSync(join(tmpdir(), 'millrace-variables-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const env = {
    PATH: process.env['PATH'],
    CONNECT_BOOTSTRAP_SERVERS: 'kafka:9092',
    CONNECT_REST_ADVERTISED_HOST_NAME: 'connect',
    CONNECT_CONFIG_PROVIDERS_MY__FILE___1_CLASS: 'x',
    CONNECT_SASL_JAAS_CONFIG: 'Module required username="u" password="p=1";',
    GROUP_ID: 'debezium',
    STATUS_STORAGE_TOPIC: 'statuses',
    OTHER: 'x',
  }
  const run = spawnSync('sh', ['-c', command ?? ''], { cwd: folder, env, encoding: 'utf8' })
  assert.equal(run.status, 0, run.stderr)
  assert.deepEqual(
    { ...parseProperties(readFileSync(join(folder, 'worker.properties'), 'utf8')) },
    {
      'bootstrap.servers': 'kafka:9092',
      'rest.advertised.host.name': 'connect',
      'config.providers.my_file-1.class': 'x',
      'sasl.jaas.config': 'Module required username="u" password="p=1";',
      'group.id': 'debezium',
      'status.storage.topic': 'statuses',
    },
  )
})
