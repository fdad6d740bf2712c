import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ObjectStore } from '../../../../connectors/s3/store/object-store.ts'

export interface StoreUnderTest {
  /** A new store object on the bucket of this test. */
  readonly open: (options: { conditional: boolean }) => ObjectStore
  /** Content of an object that exists, past the store. */
  readonly read: (key: string) => Promise<Buffer>
  /** What of uploads lies around that were neither completed nor aborted; null when the server cannot tell. */
  readonly unfinished: () => Promise<number | null>
  readonly knowsConditionalWrites: boolean
}

const partSize = 5 * 1024 * 1024

function part(fill: string): Buffer {
  return Buffer.alloc(partSize, fill)
}

/** What every object store has to do alike. `start` is called once a test, and gives a bucket of its own. */
export function objectStoreSuite(
  name: string,
  start: () => Promise<StoreUnderTest>,
  skip: string | false = false,
): void {
  const check = (title: string, run: (store: StoreUnderTest, t: TestContext) => Promise<void>): void => {
    test(`${name}: ${title}`, { skip }, async (t) => run(await start(), t))
  }

  check('a bucket that exists passes the check', async ({ open }) => {
    await open({ conditional: true }).check()
  })

  check('a small object appears with its content when it is completed, and not before', async ({ open, read }) => {
    const store = open({ conditional: true })
    const key = 'topics/a b+ü/partition=0/a+0+0000000000.json'
    const upload = store.create(key)
    assert.equal(await store.exists(key), false)
    assert.equal(await upload.complete(Buffer.from('{"a":1}\n')), 'created')
    assert.equal(await store.exists(key), true)
    assert.equal((await read(key)).toString(), '{"a":1}\n')
  })

  check('an object may be empty', async ({ open, read }) => {
    assert.equal(await open({ conditional: true }).create('empty').complete(Buffer.alloc(0)), 'created')
    assert.equal((await read('empty')).length, 0)
  })

  check('parts are put together in the order in which they were given', async ({ open, read, unfinished }) => {
    const store = open({ conditional: true })
    const upload = store.create('dir/large')
    const sent = ['a', 'b', 'c'].map((fill) => upload.writePart(part(fill)))
    await sent[1]
    assert.equal(await store.exists('dir/large'), false)
    assert.equal(await upload.complete(Buffer.from('end')), 'created')
    await Promise.all(sent)
    const content = await read('dir/large')
    assert.ok(content.equals(Buffer.concat([part('a'), part('b'), part('c'), Buffer.from('end')])))
    assert.equal((await unfinished()) ?? 0, 0)
  })

  check('the rest may be empty after parts', async ({ open, read }) => {
    const upload = open({ conditional: true }).create('whole-parts')
    await upload.writePart(part('x'))
    assert.equal(await upload.complete(Buffer.alloc(0)), 'created')
    assert.equal((await read('whole-parts')).length, partSize)
  })

  check('an aborted upload leaves nothing behind', async ({ open, unfinished }) => {
    const store = open({ conditional: true })
    const upload = store.create('aborted')
    await upload.writePart(part('x'))
    await upload.abort()
    await upload.abort()
    assert.equal(await store.exists('aborted'), false)
    assert.equal((await unfinished()) ?? 0, 0)
  })

  check('without conditional writes the last object wins', async ({ open, read }) => {
    const store = open({ conditional: false })
    assert.equal(await store.create('key').complete(Buffer.from('older')), 'created')
    assert.equal(await store.create('key').complete(Buffer.from('newer')), 'created')
    assert.equal((await read('key')).toString(), 'newer')
  })

  check('with conditional writes an object is never replaced, and the same content is recognised', async (under, t) => {
    if (!under.knowsConditionalWrites) return t.skip('this server ignores If-None-Match')
    const store = under.open({ conditional: true })
    assert.equal(await store.create('key').complete(Buffer.from('first')), 'created')
    assert.equal(await store.create('key').complete(Buffer.from('first')), 'identical')
    assert.equal(await store.create('key').complete(Buffer.from('other')), 'conflict')
    assert.equal(await store.create('key').complete(Buffer.from('longer than the first')), 'conflict')
    assert.equal((await under.read('key')).toString(), 'first')
    for (const [fill, outcome] of [
      ['a', 'created'],
      ['a', 'identical'],
      ['b', 'conflict'],
    ] as const) {
      const upload = store.create('large')
      await upload.writePart(part(fill))
      assert.equal(await upload.complete(Buffer.from('end')), outcome)
    }
    assert.equal((await under.unfinished()) ?? 0, 0)
  })

  check('many objects can be written at once', async ({ open, read }) => {
    const store = open({ conditional: true })
    const keys = Array.from({ length: 30 }, (_, i) => `many/f=${i % 7}/${i}`)
    await Promise.all(keys.map((key) => store.create(key).complete(Buffer.from(key))))
    for (const key of keys) assert.equal((await read(key)).toString(), key)
  })
}
