import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { FileOffsetStore } from '../../../src/runtime/standalone/file-offset-store.ts'
import { decodeJavaMap, encodeJavaMap } from '../../../src/runtime/standalone/java-map.ts'
import { OffsetFile } from '../../../src/runtime/standalone/offset-file.ts'

let folder = ''
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-offsets-'))
})
after(() => rm(folder, { recursive: true }))

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

async function openFile(name: string): Promise<OffsetFile> {
  const file = new OffsetFile(join(folder, name))
  await file.load()
  return file
}

test('offsets are on disk when a write resolves, and are there after a restart', async () => {
  const store = new FileOffsetStore(await openFile('kept'))
  const partition = { filename: '/var/log/app' }
  assert.deepEqual(await store.read('logs', [partition]), [null])
  await store.write('logs', [{ partition, offset: { position: 28n } }])
  const again = new FileOffsetStore(await openFile('kept'))
  assert.deepEqual(await again.read('logs', [partition, { filename: 'other' }]), [{ position: 28 }, null])
  assert.deepEqual(await again.read('other', [partition]), [null])
})

test('keys that another worker wrote in another notation are found by their content', async () => {
  await writeFile(
    join(folder, 'java'),
    encodeJavaMap([[bytes('["logs", {"filename":"a\\u002fb"}]'), bytes('{"position":7}')]]),
  )
  const store = new FileOffsetStore(await openFile('java'))
  assert.deepEqual(await store.read('logs', [{ filename: 'a/b' }]), [{ position: 7 }])
})

test('writes that come together go to disk together, the last of each key counts, and nothing is left beside the file', async () => {
  const file = await openFile('many')
  await Promise.all(Array.from({ length: 50 }, (_, i) => file.set([[bytes(`k${i % 5}`), bytes(String(i))]])))
  const kept = decodeJavaMap(await readFile(file.path)).map((entry) =>
    entry.map((part) => Buffer.from(part ?? []).toString()),
  )
  assert.deepEqual(
    kept,
    [0, 1, 2, 3, 4].map((i) => [`k${i}`, String(45 + i)]),
  )
  assert.ok(!(await readdir(folder)).some((name) => name.endsWith('.tmp')))
})

test('an empty file holds nothing; a file of another kind is refused and left as it is', async () => {
  await writeFile(join(folder, 'empty'), '')
  assert.deepEqual((await openFile('empty')).entries(), [])
  await writeFile(join(folder, 'notes'), 'not offsets at all')
  await assert.rejects(openFile('notes'), /offset\.storage\.file\.filename\) cannot be read: Not a map of byte arrays/)
  assert.equal(await readFile(join(folder, 'notes'), 'utf8'), 'not offsets at all')
})

test('a write that fails says so to everyone who waits for it, and the next one is tried', async () => {
  const file = await openFile('gone/offsets')
  await rm(join(folder, 'gone'), { recursive: true })
  const both = await Promise.allSettled([file.set([[bytes('a'), null]]), file.set([[bytes('b'), null]])])
  assert.deepEqual(
    both.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  await file.load()
  await file.set([[bytes('a'), null]])
  assert.equal(decodeJavaMap(await readFile(file.path)).length, 1)
})
