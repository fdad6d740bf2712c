import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { until } from '../../bench/rig/connect-rest.ts'
import { startTestMillrace, type TestMillrace } from '../support/millrace.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = readFileSync(join(root, 'docs/writing-plugins.md'), 'utf8')

describe('the plugins of docs/writing-plugins.md, as they are written there', () => {
  let folder = ''
  let millrace: TestMillrace
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-plugins-'))
    await mkdir(join(folder, 'plugins'))
    for (const [, file = '', text = ''] of page.matchAll(/```ts\n\/\/ (plugins\/\S+)\n([\s\S]*?)```/g))
      await writeFile(join(folder, file), text)
    millrace = await startTestMillrace({
      'plugin.path': join(folder, 'plugins'),
      'rest.extension.classes': 'org.example.HouseRules',
      'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
    })
  })
  after(async () => {
    await millrace.stop()
    await rm(folder, { recursive: true, force: true })
  })

  test('are listed', async () => {
    const all = (await millrace.rest.ok('GET', '/connector-plugins?connectorsOnly=false')) as { class: string }[]
    const own = all.map((plugin) => plugin.class).filter((name) => name.startsWith('org.example.'))
    assert.deepEqual(own.toSorted(), ['org.example.AppendSinkConnector', 'org.example.Shout'])
  })

  test('sink and transform: what a file has comes out in capitals', async () => {
    const [input, output] = [join(folder, 'in.txt'), join(folder, 'out.txt')]
    await writeFile(input, 'first\nsecond\n')
    const source = { 'connector.class': 'FileStreamSource', file: input, topic: 'lines' }
    const sink = { 'connector.class': 'AppendSink', file: output, topics: 'lines' }
    const shout = { transforms: 'loud', 'transforms.loud.type': 'org.example.Shout' }
    await millrace.rest.createConnector({ name: 'in', config: source })
    await millrace.rest.createConnector({ name: 'out', config: { ...sink, ...shout } })
    await until('both lines', 20_000, async () => {
      const text = await readFile(output, 'utf8').catch(() => '')
      return text === 'FIRST!\nSECOND!\n' ? true : null
    })
  })

  test('REST extension: failures are listed, and nothing is deleted without a ticket', async () => {
    const config = { 'connector.class': 'MockSource', mock_mode: 'connector-failure', delay_ms: '0' }
    await millrace.rest.createConnector({ name: 'failing', config })
    await millrace.reach('failing', 'FAILED')
    assert.deepEqual(await millrace.rest.ok('GET', '/failed'), ['failing'])
    const refused = await millrace.rest.request('DELETE', '/connectors/failing')
    assert.deepEqual(refused, { status: 403, body: { error_code: 403, message: 'Deleting takes a ticket' } })
    const url = `${millrace.rest.url}/connectors/failing`
    assert.equal((await fetch(url, { method: 'DELETE', headers: { 'x-ticket': 'T1' } })).status, 204)
  })

  test('the test of the sink runs where millrace is installed', async () => {
    await mkdir(join(folder, 'node_modules'))
    await symlink(root, join(folder, 'node_modules', 'millrace'))
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const run = spawnSync(process.execPath, ['--test', 'plugins/append.test.ts'], {
      cwd: folder,
      env,
      encoding: 'utf8',
    })
    assert.equal(run.status, 0, run.stdout + run.stderr)
    assert.match(run.stdout, /pass 1\b/)
  })
})
