import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startTestMillrace } from '../support/millrace.ts'
import { readTopic } from '../support/read-topic.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const blocks = [...readme.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map((match) => ({
  language: match[1],
  text: match[2] ?? '',
}))

test('every npm script, file and link that the README names exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  for (const [, name] of readme.matchAll(/npm (?:run )?(demo|test|bench|torture|check)\b/g))
    assert.ok(scripts[name ?? ''], `there is no script ${name}`)
  for (const [, target] of readme.matchAll(/\]\((?!https?:)([^)]+)\)/g))
    assert.ok(existsSync(join(root, target ?? '')), `there is no ${target}`)
  for (const [, file] of readme.matchAll(/@(config\/[\w./-]+)/g))
    assert.ok(existsSync(join(root, file ?? '')), `there is no ${file}`)
})

test('the connector of forty lines is loaded from plugin.path, without a node_modules of its own, and runs', async () => {
  const source = blocks.find(({ language }) => language === 'ts')?.text ?? ''
  assert.ok(source.split('\n').length <= 42, 'the README promises forty lines')
  const folder = await mkdtemp(join(tmpdir(), 'millrace-readme-'))
  await mkdir(join(folder, 'plugins'))
  await mkdir(join(folder, 'inbox'))
  await writeFile(join(folder, 'plugins', 'inbox.ts'), source)
  await writeFile(join(folder, 'inbox', 'a.txt'), 'first')
  const millrace = await startTestMillrace({ 'plugin.path': join(folder, 'plugins') })
  try {
    const config = {
      'connector.class': 'InboxSource',
      folder: join(folder, 'inbox'),
      topic: 'inbox',
      'poll.interval.ms': '20',
      'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
      'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
    }
    await millrace.rest.createConnector({ name: 'inbox', config })
    await millrace.reach('inbox', 'RUNNING', 1)
    // A file that is written where it is read may be read before all of it is there.
    await writeFile(join(folder, 'b.txt'), 'second')
    await rename(join(folder, 'b.txt'), join(folder, 'inbox', 'b.txt'))
    const records = await readTopic(millrace.bootstrapServer, 'inbox', 2)
    assert.deepEqual(
      records.map(({ key, value }) => [key, value]),
      [
        ['a.txt', 'first'],
        ['b.txt', 'second'],
      ],
    )
    const plugins = (await millrace.rest.ok('GET', '/connector-plugins')) as { class: string; version: string }[]
    assert.ok(
      plugins.some((plugin) => plugin.class === 'org.example.InboxSourceConnector' && plugin.version === '1.0.0'),
    )
    const refused = await millrace.rest.request('PUT', '/connectors/inbox/config', { ...config, topic: null })
    assert.equal(refused.status, 400)
  } finally {
    await millrace.stop()
    await rm(folder, { recursive: true, force: true })
  }
})

test('npx millrace start, as the README has it, starts the process of this clone', async () => {
  const help = spawnSync('npx', ['millrace', 'start', '--help'], { cwd: root, encoding: 'utf8' })
  assert.equal(help.status, 0, help.stderr)
  assert.match(help.stdout, /Usage: millrace start/)
})
