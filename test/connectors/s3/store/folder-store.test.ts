import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { s3SinkConfig } from '../../../../connectors/s3/config.ts'
import { settingsOf } from '../../../../connectors/s3/settings.ts'
import { FolderStore } from '../../../../connectors/s3/store/folder-store.ts'
import { SinkDriver } from '../driver.ts'
import { objectStoreSuite } from './conformance.ts'

const root = await mkdtemp(join(tmpdir(), 'millrace-folder-store-'))
after(() => rm(root, { recursive: true, force: true }))
let next = 0

function folderStore(url: string, bucket: string, conditional = true): FolderStore {
  const raw = {
    's3.bucket.name': bucket,
    'store.url': url,
    'enable.conditional.writes': String(conditional),
    'format.class': 'io.confluent.connect.s3.format.json.JsonFormat',
    'flush.size': '1',
  }
  const { logger, signal } = new SinkDriver().context()
  return new FolderStore(settingsOf(s3SinkConfig.parse(raw), raw).store, { owner: 'archive-0', logger, signal })
}

async function bucket(): Promise<{ folder: string; open: (options: { conditional: boolean }) => FolderStore }> {
  const name = `bucket-${next++}`
  const folder = join(root, 'with blank', name)
  await mkdir(folder, { recursive: true })
  const url = pathToFileURL(join(root, 'with blank')).href
  return { folder, open: ({ conditional }) => folderStore(url, name, conditional) }
}

objectStoreSuite('folder store', async () => {
  const { folder, open } = await bucket()
  return {
    open,
    read: (key) => readFile(join(folder, key)),
    unfinished: async () => (await readdir(join(folder, '.millrace-uploads', 'archive-0')).catch(() => [])).length,
    knowsConditionalWrites: true,
  }
})

test('a missing bucket folder is named, with what to do', async () => {
  const store = folderStore(pathToFileURL(root).href, 'nowhere')
  await assert.rejects(
    store.check(),
    /Bucket "nowhere" does not exist: there is no folder .*nowhere\. Create it, or correct s3\.bucket\.name/,
  )
})

test('a folder that cannot be written to is named', {
  skip: process.getuid?.() === 0 && 'root may write anywhere',
}, async () => {
  const { folder, open } = await bucket()
  await chmod(folder, 0o500)
  await assert.rejects(open({ conditional: true }).check(), /Allow the worker's user to write there/)
})

test('leftovers of an earlier run of the same task are removed at the start, those of others are kept', async () => {
  const { folder, open } = await bucket()
  for (const owner of ['archive-0', 'archive-1']) {
    await mkdir(join(folder, '.millrace-uploads', owner), { recursive: true })
    await writeFile(join(folder, '.millrace-uploads', owner, '0'), 'half an obj')
  }
  const store = open({ conditional: true })
  await store.check()
  assert.deepEqual(await readdir(join(folder, '.millrace-uploads')), ['archive-1'])
  assert.equal(await store.create('again').complete(Buffer.from('x')), 'created')
})

test('keys cannot lead out of the bucket', async () => {
  const { open } = await bucket()
  const store = open({ conditional: true })
  for (const key of ['topics/../../x', '/etc/x', 'topics/./x', 'topics//x', '.millrace-uploads/archive-0/x'])
    assert.throws(() => store.create(key), /cannot name a file/)
  assert.throws(() => folderStore(pathToFileURL(root).href, '..'), /cannot name a folder/)
})

test('a bucket folder that vanishes is a failure that may pass, and objects come back with it', async () => {
  const { folder, open } = await bucket()
  const store = open({ conditional: true })
  await store.create('dir/a').complete(Buffer.from('a'))
  await rm(join(folder, 'dir'), { recursive: true })
  assert.equal(await store.create('dir/a').complete(Buffer.from('a')), 'created')
})
