import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import { ConfigProviders, hasReference } from '../../../src/runtime/providers/config-providers.ts'
import { resolveWorkerProperties } from '../../../src/runtime/providers/worker-references.ts'
import { makeFifo, noFifos } from '../../support/fifo.ts'

let folder = ''
let file = ''

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-providers-'))
  file = join(folder, 'secrets.properties')
  writeFileSync(file, 'user=alice\npass\\ word=p=q\n')
  writeFileSync(join(folder, 'token'), ' keep blanks \n')
})

after(() => rmSync(folder, { recursive: true, force: true }))

function providers(params: Record<string, Record<string, string>> = {}): ConfigProviders {
  const classes = { file: 'FileConfigProvider', dir: 'DirectoryConfigProvider', env: 'EnvVarConfigProvider' }
  const declared = Object.entries(classes).map(([alias, name]) => ({
    alias,
    class: `org.apache.kafka.common.config.provider.${name}`,
    params: params[alias] ?? {},
  }))
  return new ConfigProviders(declared, silentLogger)
}

test('references to a properties file, a folder and the environment are resolved', async () => {
  const resolved = await providers().resolve({
    one: `\${file:${file}:user}`,
    several: `a \${file:${file}:user} b \${file:${file}:pass word} c`,
    dir: `\${dir:${folder}:token}`,
    env: '${env:PATH}',
    plain: 'x',
    none: null,
  })
  assert.deepEqual(resolved, {
    one: 'alice',
    several: 'a alice b p=q c',
    dir: ' keep blanks \n',
    env: process.env['PATH'],
    plain: 'x',
    none: null,
  })
})

test('what cannot be resolved stays as it is', async () => {
  const props = {
    provider: '${vault:a:b}',
    key: `\${file:${file}:nobody}`,
    entry: `\${dir:${folder}:nobody}`,
    variable: '${env:SURELY_NOT_SET_ANYWHERE}',
    prototype: `\${file:${file}:constructor}`,
  }
  assert.deepEqual(await providers().resolve(props), props)
})

test('a missing file is an error that names it', async () => {
  await assert.rejects(
    providers().resolve({ a: '${file:/no/such/file:key}' }),
    /Could not read properties from file \/no\/such\/file/,
  )
})

test('a pipe is not waited for, nor is a device read that never ends', { skip: noFifos }, async () => {
  for (const path of [makeFifo(join(folder, 'pipe')), '/dev/zero']) {
    await assert.rejects(
      providers().resolve({ a: `\${file:${path}:key}` }),
      (error: Error) =>
        error.message === `Could not read properties from file ${path}` &&
        (error.cause as Error).message === `${path} is not a file`,
    )
  }
})

test('paths outside allowed.paths and variables outside the allow list are not resolved', async () => {
  const props = { a: `\${file:${file}:user}`, b: '${env:PATH}' }
  const allowed = providers({ file: { 'allowed.paths': '/elsewhere' }, env: { 'allowlist.pattern': 'MY_.*' } })
  assert.deepEqual(await allowed.resolve(props), props)
  const inside = providers({ file: { 'allowed.paths': folder } })
  assert.equal((await inside.resolve(props)).a, 'alice')
})

test('a name that the allow list never comes to an end with is not allowed', async () => {
  const allowed = providers({ env: { 'allowlist.pattern': '(A+)+B|PATH ' } })
  const props = { a: `\${env:${'A'.repeat(60)}!}`, b: '${env:PATH}' }
  assert.deepEqual(await allowed.resolve(props), { a: props.a, b: process.env['PATH'] })
})

test('a link within an allowed folder that leads out of it is not followed', async () => {
  const inner = mkdtempSync(join(tmpdir(), 'millrace-allowed-'))
  try {
    writeFileSync(join(inner, 'real'), 'of-the-folder')
    symlinkSync(join(inner, 'real'), join(inner, 'inside'))
    symlinkSync(file, join(inner, 'outside'))
    const dir = providers({ dir: { 'allowed.paths': inner }, file: { 'allowed.paths': inner } })
    const outside = { outside: `\${dir:${inner}:outside}`, file: `\${file:${join(inner, 'outside')}:user}` }
    assert.deepEqual(await dir.resolve({ inside: `\${dir:${inner}:inside}`, ...outside }), {
      inside: 'of-the-folder',
      ...outside,
    })
  } finally {
    rmSync(inner, { recursive: true, force: true })
  }
})

test('allowed paths must be absolute, and a provider needs a class', () => {
  assert.throws(
    () => providers({ file: { 'allowed.paths': 'relative/folder' } }),
    /config\.providers\.file\.param\.allowed\.paths: Path relative\/folder is not absolute/,
  )
  assert.throws(
    () => new ConfigProviders([{ alias: 'v', class: '', params: {} }], silentLogger),
    /Missing required configuration "config\.providers\.v\.class"/,
  )
})

test('a link out of the allowed paths is not followed', async () => {
  const inside = join(folder, 'inside')
  mkdirSync(inside)
  symlinkSync(file, join(inside, 'link.properties'))
  const props = { a: `\${file:${join(inside, 'link.properties')}:user}` }
  assert.deepEqual(await providers({ file: { 'allowed.paths': inside } }).resolve(props), props)
})

test('the properties of a worker may hold references to the providers that it declares', async () => {
  const props = {
    'config.providers': 'file',
    'config.providers.file.class': 'FileConfigProvider',
    'producer.sasl.password': `\${file:${file}:user}`,
    'group.id': '${other:x}',
  }
  const resolved = await resolveWorkerProperties(props, silentLogger)
  assert.deepEqual(resolved, { ...props, 'producer.sasl.password': 'alice' })
  const custom = { ...props, 'config.providers.file.class': 'com.example.Vault' }
  await assert.rejects(resolveWorkerProperties(custom, silentLogger), /com\.example\.Vault is not known/)
})

test('an unknown provider class is refused with the known ones', () => {
  const declared = [{ alias: 'v', class: 'com.example.VaultProvider', params: {} }]
  assert.throws(
    () => new ConfigProviders(declared, silentLogger),
    /config\.providers\.v\.class=com\.example\.VaultProvider.*FileConfigProvider/,
  )
})

test('a reference is told from ordinary text', () => {
  assert.ok(hasReference('jdbc:${file:/x:y}'))
  assert.ok(!hasReference('${topic}'))
})
