import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { silentLogger, type Logger } from '../../../src/base/logger.ts'
import { loadPlugins } from '../../../src/runtime/plugins/load-plugins.ts'
import { logPluginPathProblems } from '../../../src/runtime/plugins/plugin-path.ts'
import { makeFifo, noFifos } from '../../support/fifo.ts'

const folders: string[] = []
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))

const plugin = (name: string, exported = 'export default'): string => `
import { config, defineSource, type SourceTask } from 'millrace/connect'
const plugin = defineSource({
  class: '${name}', version: '1.2.3', summary: 'A test.', config: config({}),
  startTask: (): SourceTask => ({ poll: () => null }),
})
${exported} ${exported === 'export default' ? 'plugin' : '= [plugin]'}
`

async function folderWith(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-plugins-'))
  folders.push(folder)
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

function recorder(): { logger: Logger; warnings: string[] } {
  const warnings: string[] = []
  const logger = {
    ...silentLogger,
    warn: (_fields: object, message: string) => void warnings.push(message),
  } as unknown as Logger
  return { logger, warnings }
}

async function classesAt(...pluginPath: string[]): Promise<{ classes: string[]; warnings: string[] }> {
  const { logger, warnings } = recorder()
  await logPluginPathProblems(pluginPath, logger)
  const registry = await loadPlugins({ pluginPath, logger })
  return { classes: registry.all.map((one) => one.class).filter((name) => name.startsWith('test.')), warnings }
}

test('a single TypeScript file without node_modules imports millrace/connect and is found', async () => {
  const folder = await folderWith({ 'feed.ts': plugin('test.single.Feed') })
  assert.deepEqual((await classesAt(join(folder, 'feed.ts'))).classes, ['test.single.Feed'])
})

test('a folder of files, folders with an index and packages is searched', async () => {
  const folder = await folderWith({
    'one.ts': plugin('test.folder.One'),
    'one.test.ts': 'throw new Error("not a plugin")',
    'types.d.ts': 'export {}',
    'two/index.ts': plugin('test.folder.Two', 'export const plugins'),
    'node_modules/pack/package.json': JSON.stringify({
      name: 'pack',
      type: 'module',
      millrace: { plugins: './main.ts' },
    }),
    'node_modules/pack/main.ts': plugin('test.folder.Packed'),
    'node_modules/other/package.json': JSON.stringify({ name: 'other' }),
    'node_modules/other/index.js': 'throw new Error("not a plugin")',
  })
  const { classes, warnings } = await classesAt(folder)
  assert.deepEqual(classes.sort(), ['test.folder.One', 'test.folder.Packed', 'test.folder.Two'])
  assert.deepEqual(warnings, [])
})

test('modules that do not load or hold no plugin are left out with a sentence each; the others stay', async () => {
  const folder = await folderWith({
    'bad.ts': 'throw new Error("broken on purpose")',
    'empty.ts': 'export const nothing = 1',
    'half.ts': 'export default { kind: "source", class: "test.mixed.Half", version: "1" }',
    'good.ts': plugin('test.mixed.Good'),
  })
  const { classes, warnings } = await classesAt(folder, join(folder, 'absent'))
  assert.deepEqual(classes, ['test.mixed.Good'])
  assert.match(warnings.find((warning) => warning.includes('bad.ts')) ?? '', /does not load: broken on purpose/)
  assert.match(warnings.find((warning) => warning.includes('empty.ts')) ?? '', /exports no plugin/)
  assert.match(warnings.find((warning) => warning.includes('half.ts')) ?? '', /has no config declaration/)
  assert.match(warnings.find((warning) => warning.includes('absent')) ?? '', /cannot be read/)
})

test('pipes are no modules, and are not waited for', { skip: noFifos }, async () => {
  const folder = await folderWith({ 'good.ts': plugin('test.beside.Good'), 'package/README.md': '' })
  for (const name of ['pipe.ts', 'package/package.json']) makeFifo(join(folder, name))
  const { classes, warnings } = await classesAt(folder, join(folder, 'pipe.ts'))
  assert.deepEqual(classes, ['test.beside.Good'])
  assert.match(warnings.find((warning) => warning.includes('pipe.ts')) ?? '', /is neither a folder nor a \.ts/)
})

test('a folder of JAR files is named as one without plugins', async () => {
  const folder = await folderWith({ 'kafka-connect-jdbc/kafka-connect-jdbc-10.8.0.jar': 'PK' })
  const { classes, warnings } = await classesAt(folder)
  assert.deepEqual(classes, [])
  assert.equal(warnings.length, 1)
  assert.match(warnings[0] ?? '', /^plugin\.path entry .* has no plugins: .*JAR files are not read$/)
})

test('the bundled converters are there under their Java names', async () => {
  const registry = await loadPlugins({ pluginPath: [], logger: silentLogger })
  assert.equal(registry.resolve('org.apache.kafka.connect.json.JsonConverter', 'converter').kind, 'converter')
  assert.equal(registry.resolve('JsonConverter', 'header_converter').kind, 'header_converter')
})

test('two packages with versions of one connector lie side by side; the class is found in the version that is asked for', async () => {
  const versioned = (version: string): Record<string, string> => ({
    [`node_modules/feed-${version}/package.json`]: JSON.stringify({
      name: `feed-${version}`,
      type: 'module',
      millrace: { plugins: './index.ts' },
    }),
    [`node_modules/feed-${version}/index.ts`]: plugin('test.versions.FeedConnector').replace(
      /version: '[^']*'/,
      `version: '${version}'`,
    ),
  })
  const folder = await folderWith({ ...versioned('1.9.0'), ...versioned('1.10.0'), ...versioned('2.0.0') })
  const { logger, warnings } = recorder()
  const registry = await loadPlugins({ pluginPath: [folder], logger })
  const versionOf = (requirement?: string): string => registry.resolve('Feed', ['source', 'sink'], requirement).version
  assert.deepEqual(warnings, [])
  assert.equal(versionOf(), '2.0.0')
  assert.equal(versionOf('1.9'), '1.9.0')
  assert.equal(versionOf('[1,2)'), '1.10.0')
  assert.throws(() => versionOf('[3,)'), /available versions: \[1\.9\.0, 1\.10\.0, 2\.0\.0\]/)
})
