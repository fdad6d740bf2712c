import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileStreamSink } from '../../../connectors/file/index.ts'
import { sinkBatch, sinkHarness, sinkRecord } from '../../../src/connect/testing/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-file-sink-'))
after(() => rmSync(folder, { recursive: true }))

test('values are appended as lines: text as it is, structures as JSON', async () => {
  const file = join(folder, 'values.txt')
  await using harness = sinkHarness(fileStreamSink, { file, topics: 'orders' })
  await harness.start()
  const values = [
    'é text',
    { id: 9007199254740993n, tags: ['a'] },
    null,
    5,
    new Map([['a', 1]]),
    Buffer.from('raw'),
    { b: Uint8Array.of(1), c: Buffer.of(1) },
  ]
  await harness.put(...values.map((value, i) => sinkRecord({ value, kafkaOffset: i })))
  assert.deepEqual(await harness.commit(), [{ topic: 'orders', partition: 0, offset: 7 }])
  assert.equal(
    readFileSync(file, 'utf8'),
    'é text\n{"id":9007199254740993,"tags":["a"]}\nnull\n5\n{"a":1}\nraw\n{"b":"AQ==","c":"AQ=="}\n',
  )
})

test('what goes to a device is committed, though it cannot be made durable', async () => {
  await using harness = sinkHarness(fileStreamSink, { file: '/dev/null', topics: 'orders' })
  await harness.start()
  await harness.put(sinkRecord({ value: 'a', kafkaOffset: 0 }))
  assert.deepEqual(await harness.commit(), [{ topic: 'orders', partition: 0, offset: 1 }])
})

test('a restart goes on at the end of the file', async () => {
  const file = join(folder, 'restart.txt')
  const harness = sinkHarness(fileStreamSink, { file, topics: 'orders' })
  await harness.start()
  await harness.put(sinkRecord({ value: 'a', kafkaOffset: 0 }))
  await harness.stop()
  await harness.start()
  await harness.put(sinkRecord({ value: 'b', kafkaOffset: 1 }))
  await harness.stop()
  assert.equal(readFileSync(file, 'utf8'), 'a\nb\n')
})

test('the fast path writes what the ordinary path does', async () => {
  const batches = [
    sinkBatch(['{"a":1}', '"te\\"xt"', '[1]', null, '5', 'true'], { valueFormat: 'json' }),
    sinkBatch(['plain', '"quoted"', '', null], { valueFormat: 'string', firstOffset: 6 }),
    sinkBatch(['bytes', null], { valueFormat: 'bytes', firstOffset: 10 }),
  ]
  const texts: string[] = []
  for (const path of ['fast', 'ordinary']) {
    const file = join(folder, `${path}.txt`)
    await using harness = sinkHarness(fileStreamSink, { file, topics: 'orders' })
    await harness.start()
    for (const batch of batches) await (path === 'fast' ? harness.putBatch(batch) : harness.put(...batch.records()))
    assert.deepEqual(await harness.commit(), [{ topic: 'orders', partition: 0, offset: 12 }])
    texts.push(readFileSync(file, 'utf8'))
  }
  assert.equal(texts[0], '{"a":1}\nte"xt\n[1]\nnull\n5\ntrue\nplain\n"quoted"\n\nnull\nbytes\nnull\n')
  assert.equal(texts[0], texts[1])
})

test('a file that cannot be opened fails the start with its name', async () => {
  const file = join(folder, 'missing', 'x.txt')
  await assert.rejects(
    sinkHarness(fileStreamSink, { file, topics: 'orders' }).start(),
    /Cannot write to .*x\.txt: ENOENT/,
  )
})

test('every task gets the configuration as it is', () => {
  const raw = { file: 'f', topics: 'a' }
  assert.deepEqual(fileStreamSink.taskConfigs?.(fileStreamSink.config.parse(raw), 2, raw), [raw, raw])
})
