import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { RetriableError, struct, type Schema, decimal } from 'millrace/connect'
import {
  BYTE_ARRAY_FORMAT,
  DAILY_PARTITIONER,
  FIELD_PARTITIONER,
  HOURLY_PARTITIONER,
  TIME_PARTITIONER,
} from '../../../connectors/s3/config.ts'
import { SinkDriver } from './driver.ts'
import { MemoryStore } from './memory-store.ts'
import { startTask } from './start-task.ts'

const HOUR = 3_600_000
const start = Date.UTC(2026, 2, 9, 14, 0, 0)
const utc = { locale: 'en-US', timezone: 'UTC', 'timestamp.extractor': 'Record' }
const string: Schema = { type: 'STRING', optional: false }

for (const way of ['records', 'bytes'] as const) {
  test(`flush.size cuts objects whatever the deliveries are, and the rest waits (${way})`, async () => {
    for (const batchSize of [1, 3, 4, 100]) {
      const driver = new SinkDriver()
      const store = new MemoryStore()
      for (let i = 0; i < 10; i++) driver.log.push({ value: { i } })
      const task = await startTask(driver, store, { 'flush.size': '4' })
      await driver.deliver(way, batchSize)
      assert.equal(await driver.commit(), 8)
      assert.deepEqual(store.lines(), {
        'topics/orders/partition=0/orders+0+0000000000.json': ['{"i":0}', '{"i":1}', '{"i":2}', '{"i":3}'],
        'topics/orders/partition=0/orders+0+0000000004.json': ['{"i":4}', '{"i":5}', '{"i":6}', '{"i":7}'],
      })
      await task.stop?.()
    }
  })

  test(`time partitions are folders by the hour, and flush.size counts over all of them (${way})`, async () => {
    const driver = new SinkDriver('orders', 3)
    const store = new MemoryStore()
    for (const minutes of [0, 59, 60, 30, 130]) driver.log.push({ value: minutes, timestamp: start + minutes * 60_000 })
    await startTask(driver, store, { 'flush.size': '5', 'partitioner.class': HOURLY_PARTITIONER, ...utc })
    await driver.deliver(way)
    assert.equal(await driver.commit(), 5)
    assert.deepEqual(store.lines(), {
      'topics/orders/year=2026/month=03/day=09/hour=14/orders+3+0000000000.json': ['0', '59', '30'],
      'topics/orders/year=2026/month=03/day=09/hour=15/orders+3+0000000002.json': ['60'],
      'topics/orders/year=2026/month=03/day=09/hour=16/orders+3+0000000004.json': ['130'],
    })
  })

  test(`rotate.interval.ms commits by record time, and at once when the time partition changes (${way})`, async () => {
    const rotation = { 'flush.size': '100', 'rotate.interval.ms': String(20 * 60_000), ...utc }
    const minutes = [0, 10, 19, 20, 35, 61, 59, 62]
    const expected = {
      'topics/orders/year=2026/month=03/day=09/hour=14/orders+0+0000000000.json': ['0', '10', '19'],
      'topics/orders/year=2026/month=03/day=09/hour=14/orders+0+0000000003.json': ['20', '35'],
      'topics/orders/year=2026/month=03/day=09/hour=15/orders+0+0000000005.json': ['61'],
      'topics/orders/year=2026/month=03/day=09/hour=14/orders+0+0000000006.json': ['59'],
    }
    for (const batchSize of [1, 100]) {
      const driver = new SinkDriver()
      const store = new MemoryStore()
      for (const minute of minutes) driver.log.push({ value: minute, timestamp: start + minute * 60_000 })
      await startTask(driver, store, { 'partitioner.class': HOURLY_PARTITIONER, ...rotation })
      await driver.deliver(way, batchSize)
      assert.equal(await driver.commit(), 7)
      assert.deepEqual(store.lines(), expected)
    }
  })

  test(`without rotate.file.on.partition.change late records join the file of their time (${way})`, async () => {
    const driver = new SinkDriver()
    const store = new MemoryStore()
    const times = [0, 61, 5, 62, 180]
    for (const minute of times) driver.log.push({ value: minute, timestamp: start + minute * 60_000 })
    await startTask(driver, store, {
      'flush.size': '100',
      'partitioner.class': HOURLY_PARTITIONER,
      'rotate.interval.ms': String(2 * HOUR),
      'rotate.file.on.partition.change': 'false',
      ...utc,
    })
    await driver.deliver(way)
    assert.equal(await driver.commit(), 4)
    assert.deepEqual(Object.values(store.lines()), [
      ['0', '5'],
      ['61', '62'],
    ])
  })

  test(`a restart in the middle of a file gives the same objects, down to the byte (${way})`, async () => {
    const record = (i: number) => ({ value: { i, text: 'x'.repeat(i % 90) }, timestamp: start + i * 1000 })
    const config = { 'flush.size': '70', 'partitioner.class': TIME_PARTITIONER, ...utc }
    const minutes = { 'partition.duration.ms': '60000', 'path.format': "'at'=HH-mm" }
    const whole = new MemoryStore()
    const once = new SinkDriver()
    for (let i = 0; i < 300; i++) once.log.push(record(i))
    await startTask(once, whole, { ...config, ...minutes })
    await once.deliver(way, 1000)
    await once.commit()

    const driver = new SinkDriver()
    const store = new MemoryStore()
    for (let i = 0; i < 300; i++) {
      driver.log.push(record(i))
      if (i % 37 !== 0 && i !== 299) continue
      const task = await startTask(driver, store, { ...config, ...minutes })
      await driver.deliver(i % 2 === 0 ? way : 'records', 11)
      if (i % 3 === 0) await driver.commit()
      await task.stop?.()
    }
    await startTask(driver, store, { ...config, ...minutes })
    await driver.deliver(way, 7)
    await driver.commit()
    assert.deepEqual(store.lines(), whole.lines())
    assert.equal(driver.committed, 280)
  })
}

test('the daily partitioner goes by the local day of its time zone', async () => {
  const driver = new SinkDriver()
  const store = new MemoryStore()
  driver.log.push(
    { value: 1, timestamp: Date.UTC(2026, 2, 9, 22, 59) },
    { value: 2, timestamp: Date.UTC(2026, 2, 9, 23) },
  )
  await startTask(driver, store, {
    'flush.size': '2',
    'partitioner.class': DAILY_PARTITIONER,
    'topics.dir': '',
    ...utc,
    timezone: 'Europe/Berlin',
  })
  await driver.deliver('bytes')
  await driver.commit()
  assert.deepEqual([...store.objects.keys()].sort(), [
    'orders/year=2026/month=03/day=09/orders+0+0000000000.json',
    'orders/year=2026/month=03/day=10/orders+0+0000000001.json',
  ])
})

test('delimiters, pad width and the byte array format with its separator and extension shape keys and bytes', async () => {
  for (const way of ['records', 'bytes'] as const) {
    const driver = new SinkDriver()
    const store = new MemoryStore()
    for (const text of ['a', '', 'ccc']) driver.log.push({ value: Buffer.from(text) })
    await startTask(driver, store, {
      'flush.size': '3',
      'format.class': BYTE_ARRAY_FORMAT,
      'format.bytearray.extension': '.dat',
      'format.bytearray.separator': ' |\r\n',
      'directory.delim': '_',
      'file.delim': '-',
      'filename.offset.zero.pad.width': '2',
    })
    await driver.deliver(way)
    await driver.commit()
    assert.deepEqual(
      [...store.objects].map(([key, content]) => [key, content.toString()]),
      [['topics_orders_partition=0_orders-0-00.dat', 'a |\r\n |\r\nccc |\r\n']],
    )
  }
})

test('the field partitioner splits by fields of the value, nested and null ones included', async () => {
  const driver = new SinkDriver()
  const store = new MemoryStore()
  driver.log.push({ value: { kind: 'a', at: { shop: 7 } } }, { value: { kind: null, at: { shop: 8 } } })
  driver.log.push({ value: { kind: 'a', at: { shop: 7 } } })
  await startTask(driver, store, {
    'flush.size': '3',
    'partitioner.class': FIELD_PARTITIONER,
    'partition.field.name': 'kind,at.shop',
  })
  await driver.deliver('bytes')
  await driver.commit()
  assert.deepEqual([...store.objects.keys()].sort(), [
    'topics/orders/kind=a/at.shop=7/orders+0+0000000000.json',
    'topics/orders/kind=null/at.shop=8/orders+0+0000000001.json',
  ])
})

test('structs are written as the JSON converter does without schemas, Decimals as json.decimal.format says', async () => {
  const schema = struct({ id: { type: 'INT64', optional: false }, price: decimal(2), name: string })
  for (const [format, price] of [
    ['BASE64', '"BNI="'],
    ['NUMERIC', '12.34'],
  ] as const) {
    const driver = new SinkDriver()
    const store = new MemoryStore()
    driver.log.push({ value: { id: 9007199254740993n, price: '12.34', name: 'ü"' }, schema })
    await startTask(driver, store, { 'flush.size': '1', 'json.decimal.format': format })
    await driver.deliver()
    await driver.commit()
    assert.deepEqual(Object.values(store.lines()), [[`{"id":9007199254740993,"price":${price},"name":"ü\\""}`]])
  }
})

test('a changed schema begins a new file', async () => {
  const driver = new SinkDriver()
  const store = new MemoryStore()
  const one = struct({ a: string })
  const two = struct({ a: string, b: string })
  const same = struct({ a: string })
  driver.log.push({ value: { a: '1' }, schema: one }, { value: { a: '2' }, schema: same })
  driver.log.push({ value: { a: '3', b: '' }, schema: two }, { value: { a: '4' }, schema: one })
  await startTask(driver, store, { 'flush.size': '100' })
  await driver.deliver()
  assert.equal(await driver.commit(), 3)
  assert.deepEqual(Object.values(store.lines()), [['{"a":"1"}', '{"a":"2"}'], ['{"a":"3","b":""}']])
})

test('partitioner.max.open.files commits all files before one too many is opened', async () => {
  const driver = new SinkDriver()
  const store = new MemoryStore()
  for (const kind of ['a', 'b', 'a', 'c', 'a']) driver.log.push({ value: { kind } })
  await startTask(driver, store, {
    'flush.size': '100',
    'partitioner.class': FIELD_PARTITIONER,
    'partition.field.name': 'kind',
    'partitioner.max.open.files': '2',
  })
  await driver.deliver()
  assert.equal(await driver.commit(), 3)
  assert.equal(store.objects.size, 2)
})

test('rotate.schedule.interval.ms commits by the clock, without any new record', async (t) => {
  t.mock.timers.enable({ apis: ['Date'], now: start + 50 * 60_000 })
  const driver = new SinkDriver()
  const store = new MemoryStore()
  driver.log.push({ value: 1 })
  await startTask(driver, store, {
    'flush.size': '100',
    'rotate.schedule.interval.ms': String(HOUR),
    timezone: 'Asia/Kolkata',
  })
  await driver.deliver()
  assert.equal(driver.timeoutMs, 40 * 60_000, 'hours of Kolkata begin half an hour later')
  await driver.tick()
  assert.equal(await driver.commit(), 0)
  t.mock.timers.setTime(start + 90 * 60_000)
  await driver.tick()
  assert.equal(await driver.commit(), 1)
})

test('gzip is streamed, and the same records give the same bytes', async () => {
  const contents: Buffer[] = []
  for (const batchSize of [5000, 77]) {
    const driver = new SinkDriver()
    const store = new MemoryStore()
    for (let i = 0; i < 5000; i++) driver.log.push({ value: { i, text: `some text ${i * 7919}`.repeat(10) } })
    await startTask(driver, store, { 'flush.size': '5000', 's3.compression.type': 'gzip', 's3.compression.level': '1' })
    await driver.deliver('bytes', batchSize)
    await driver.commit()
    const content = store.objects.get('topics/orders/partition=0/orders+0+0000000000.json.gz')
    assert.ok(content)
    contents.push(content)
    const lines = gunzipSync(content).toString().split('\n')
    assert.equal(lines.length, 5001)
    assert.equal(lines[4999], JSON.stringify(driver.log[4999]?.value))
  }
  assert.ok(contents[0]?.equals(contents[1] as Buffer))
})

test('a record without value fails the task by default, and its message names record and setting', async () => {
  for (const way of ['records', 'bytes'] as const) {
    const driver = new SinkDriver()
    driver.log.push({ value: 1 }, { value: null })
    await startTask(driver, new MemoryStore(), { 'flush.size': '10' })
    await assert.rejects(
      driver.deliver(way),
      /orders-0 at offset 1 has no value: set behavior\.on\.null\.values=ignore/,
    )
  }
})

test('ignored records without value are reported when that is wanted, and leave no gap in the count', async () => {
  for (const way of ['records', 'bytes'] as const) {
    for (const report of ['true', 'false']) {
      const driver = new SinkDriver()
      const store = new MemoryStore()
      driver.hasReporter = true
      for (const value of [null, 1, null, 2, 3]) driver.log.push({ value })
      await startTask(driver, store, {
        'flush.size': '2',
        'behavior.on.null.values': 'ignore',
        'report.null.values.to.dlq': report,
      })
      await driver.deliver(way)
      assert.equal(await driver.commit(), 4)
      assert.deepEqual(store.lines(), { 'topics/orders/partition=0/orders+0+0000000001.json': ['1', '2'] })
      assert.deepEqual(
        driver.reported.map(({ record }) => record.kafkaOffset),
        report === 'true' ? [0, 2] : [],
      )
    }
  }
})

test('a record that cannot be written is reported and leaves no trace, or fails the task without a reporter', async () => {
  for (const hasReporter of [true, false]) {
    const driver = new SinkDriver()
    const store = new MemoryStore()
    driver.hasReporter = hasReporter
    const schema = struct({ a: string })
    driver.log.push({ value: { a: 5 }, schema }, { value: { a: 'x' }, schema }, { value: { a: 'y' }, schema })
    await startTask(driver, store, { 'flush.size': '2' })
    if (!hasReporter) {
      await assert.rejects(driver.deliver(), /Invalid type for STRING/)
      continue
    }
    await driver.deliver()
    assert.equal(await driver.commit(), 3)
    assert.deepEqual(store.lines(), {
      'topics/orders/partition=0/orders+0+0000000001.json': ['{"a":"x"}', '{"a":"y"}'],
    })
    assert.equal(driver.reported[0]?.record.kafkaOffset, 0)
  }
})

for (const step of ['part', 'complete'] as const) {
  test(`after a passing failure of a ${step}, records are read again from the first that is not stored`, async () => {
    const driver = new SinkDriver()
    const store = new MemoryStore()
    const failing = new Set(['+0000000030', '+0000000060'])
    store.fault = (at, key) => {
      for (const offset of failing) {
        if (at !== step || !key.includes(offset)) continue
        failing.delete(offset)
        throw new RetriableError('The store is down.')
      }
    }
    const text = 'x'.repeat(300_000)
    for (let i = 0; i < 100; i++) driver.log.push({ value: { i, text } })
    await startTask(driver, store, { 'flush.size': '30', 's3.part.size': '5242880' })
    await driver.deliver('bytes', 7)
    // Commits run beside deliveries: the last failure may show only now.
    await driver.commit()
    await driver.deliver('bytes', 7)
    assert.equal(await driver.commit(), 90)
    assert.equal(failing.size, 0)
    assert.equal(Object.values(store.lines()).flat().length, 90)
    assert.equal(store.openUploads, 1, 'only the file that is still filled is open')
    assert.match(driver.warnings.join(), /The store is down\. Records of orders-0 are read again from offset 30\./)
  })
}

for (const moment of ['before a rebalance', 'at the commit of a rebalance'] as const) {
  test(`a partition that pauses after a failure ${moment} goes on when it comes back`, async () => {
    const driver = new SinkDriver()
    const store = new MemoryStore()
    store.fault = () => {
      store.fault = () => undefined
      throw new RetriableError('The store is down.')
    }
    for (let i = 0; i < 8; i++) driver.log.push({ value: i })
    const task = await startTask(driver, store, { 'flush.size': '4', 'retry.backoff.ms': '60000' })
    await task.put(driver.records(0, 8), { signal: driver.abort.signal })
    if (moment === 'before a rebalance') {
      await driver.commit()
      assert.ok(driver.isPaused)
    }
    await driver.rebalance()
    assert.match(driver.warnings.join(), /The store is down\./)
    assert.ok(!driver.isPaused)
    await driver.deliver()
    assert.equal(await driver.commit(), 8)
  })
}

test('a failure that does not pass fails the task', async () => {
  const driver = new SinkDriver()
  const store = new MemoryStore()
  store.fault = () => {
    throw new Error('disk on fire')
  }
  driver.log.push({ value: 1 })
  await startTask(driver, store, { 'flush.size': '1' })
  await assert.rejects(async () => {
    await driver.deliver()
    await driver.commit()
    await driver.tick()
  }, /disk on fire/)
})

test('a crash between upload and commit gives the same bytes, which count as written', async () => {
  const driver = new SinkDriver()
  const store = new MemoryStore()
  for (let i = 0; i < 10; i++) driver.log.push({ value: i })
  const task = await startTask(driver, store, { 'flush.size': '5' })
  await driver.deliver()
  await driver.commit()
  driver.committed = 0
  await task.stop?.()
  await startTask(driver, store, { 'flush.size': '5' })
  await driver.deliver('bytes')
  assert.equal(await driver.commit(), 10)
  assert.equal(store.writes.length, 2)
  assert.deepEqual(driver.warnings, [])
})

test('an object of somebody else is left alone: the next start offset that is free is taken, and no record is lost', async () => {
  const driver = new SinkDriver()
  const store = new MemoryStore()
  for (let i = 0; i < 12; i++) driver.log.push({ value: i })
  store.objects.set('topics/orders/partition=0/orders+0+0000000004.json', Buffer.from('4\n5\n6\n7\n8\n9\n'))
  store.objects.set('topics/orders/partition=0/orders+0+0000000005.json', Buffer.from('5\n6\n'))
  await startTask(driver, store, { 'flush.size': '4' })
  await driver.deliver()
  await driver.commit()
  await driver.deliver()
  await driver.commit()
  const lines = store.lines()
  assert.deepEqual(lines['topics/orders/partition=0/orders+0+0000000004.json'], ['4', '5', '6', '7', '8', '9'])
  assert.deepEqual(lines['topics/orders/partition=0/orders+0+0000000006.json'], ['6', '7', '8', '9'])
  assert.equal(new Set(Object.values(lines).flat()).size, 10)
  assert.match(driver.warnings.join(), /Another object has the key topics\/orders\/partition=0\/orders\+0\+0000000004/)
})

test('an object of somebody else does not hold up a delivery of more objects than may be on their way', {
  timeout: 10_000,
}, async () => {
  // With rotation by the clock one commit runs at a time: all others wait when the first finds its key taken.
  const rotation = { 'flush.size': '1', 'rotate.schedule.interval.ms': String(24 * HOUR), timezone: 'UTC' }
  const driver = new SinkDriver()
  const store = new MemoryStore()
  const taken = 'topics/orders/partition=0/orders+0+0000000000.json'
  store.objects.set(taken, Buffer.from('of somebody else\n'))
  for (let i = 0; i < 100; i++) driver.log.push({ value: i })
  await startTask(driver, store, rotation)
  await driver.deliver('bytes')
  assert.equal(await driver.commit(), 100)
  assert.equal(store.objects.get(taken)?.toString(), 'of somebody else\n')
  const values = Object.values(store.lines()).flat().slice(1)
  assert.deepEqual(
    values,
    Array.from({ length: 99 }, (_none, i) => String(i + 1)),
  )
})

test('the search for a free offset ends at max.files.scan.limit', async () => {
  const driver = new SinkDriver()
  const store = new MemoryStore()
  for (let i = 0; i < 5; i++) {
    driver.log.push({ value: i })
    store.objects.set(`topics/orders/partition=0/orders+0+000000000${i}.json`, Buffer.from('other'))
  }
  await startTask(driver, store, { 'flush.size': '1', 'max.files.scan.limit': '3' })
  await assert.rejects(async () => {
    await driver.deliver()
    await driver.commit()
    await driver.tick()
  }, /raise max\.files\.scan\.limit/)
})

test('without conditional writes an object is overwritten', async () => {
  const driver = new SinkDriver()
  const store = new MemoryStore(false)
  store.objects.set('topics/orders/partition=0/orders+0+0000000000.json', Buffer.from('older'))
  driver.log.push({ value: 1 })
  await startTask(driver, store, { 'flush.size': '1' })
  await driver.deliver()
  assert.equal(await driver.commit(), 1)
  assert.deepEqual(Object.values(store.lines()), [['1']])
})

test('closing a partition aborts its open uploads, and nothing of them counts as committed', async () => {
  const driver = new SinkDriver()
  const store = new MemoryStore()
  for (let i = 0; i < 3; i++) driver.log.push({ value: i })
  const task = await startTask(driver, store, { 'flush.size': '100' })
  await driver.deliver()
  assert.equal(await driver.commit(), 0)
  await task.close?.([driver.tp])
  assert.equal(store.aborted, 1)
  assert.equal(store.openUploads, 0)
  await driver.assign(task)
  await driver.deliver()
  assert.equal(store.openUploads, 1)
})

test('put waits while too much is on its way to the store', async () => {
  const driver = new SinkDriver()
  const store = new MemoryStore()
  const gate = Promise.withResolvers<void>()
  store.fault = () => gate.promise
  const text = 'x'.repeat(1_000_000)
  for (let i = 0; i < 60; i++) driver.log.push({ value: text })
  await startTask(driver, store, { 'flush.size': '1000', 's3.part.size': '5242880' })
  let isDone = false
  const delivered = driver.deliver('bytes', 1).then(() => {
    isDone = true
  })
  for (let turn = 0; turn < 1000; turn++) await setImmediate()
  assert.equal(isDone, false)
  assert.ok(driver.position < 50)
  gate.resolve()
  await delivered
  assert.equal(driver.position, 60)
})

test('a failure for good that shows at a commit is thrown by the next put, and the commit still counts', async () => {
  const driver = new SinkDriver()
  const store = new MemoryStore()
  store.fault = (_step, key) => {
    if (key.includes('+0000000001')) throw new Error('disk on fire')
  }
  driver.log.push({ value: 0 }, { value: 1 })
  const task = await startTask(driver, store, { 'flush.size': '1' })
  await task.putBatch?.(driver.batch(0, 2), { signal: driver.abort.signal })
  assert.equal(await driver.commit(), 1)
  await assert.rejects(async () => driver.tick(), /disk on fire/)
})

test('records that the runtime delivers again from before begin the file anew', async () => {
  for (const way of ['records', 'bytes'] as const) {
    const driver = new SinkDriver()
    const store = new MemoryStore()
    for (let i = 0; i < 9; i++) driver.log.push({ value: i })
    await startTask(driver, store, { 'flush.size': '4' })
    for (const position of [0, 5, 2, 4]) {
      driver.position = position
      await driver.deliver(way, 2)
    }
    assert.equal(await driver.commit(), 8)
    const lines = store.lines()
    assert.deepEqual(lines['topics/orders/partition=0/orders+0+0000000004.json'], ['4', '5', '6', '7'])
    assert.equal(store.openUploads, 1)
  }
})

test('a topic that a transform has renamed is renamed in the keys, and offsets are committed for the original', async () => {
  const driver = new SinkDriver()
  const store = new MemoryStore()
  driver.log.push({ value: 1 }, { value: 2 })
  const task = await startTask(driver, store, { 'flush.size': '2' })
  const records = driver.records(0, 2).map((record, i) => ({ ...record, topic: i === 0 ? 'renamed' : 'other' }))
  await task.put(records, { signal: driver.abort.signal })
  assert.equal(await driver.commit(), 2)
  assert.deepEqual([...store.objects.keys()].sort(), [
    'topics/other/partition=0/other+0+0000000001.json',
    'topics/renamed/partition=0/renamed+0+0000000000.json',
  ])
})

test('rotate.interval.ms without a time-based partitioner is said to have no effect', async () => {
  const driver = new SinkDriver()
  await startTask(driver, new MemoryStore(), { 'flush.size': '1', 'rotate.interval.ms': '1000' })
  assert.match(driver.warnings.join(), /rotate\.interval\.ms has no effect/)
})

test('a commit waits for older objects that take longer than younger ones', async () => {
  const driver = new SinkDriver()
  const store = new MemoryStore()
  const gate = Promise.withResolvers<void>()
  store.fault = (_step, key) => (key.includes('+0000000000') ? gate.promise : undefined)
  for (let i = 0; i < 3; i++) driver.log.push({ value: i })
  await startTask(driver, store, { 'flush.size': '1', 'shutdown.timeout.ms': '60000' })
  await driver.deliver()
  const committed = driver.commit()
  for (let turn = 0; turn < 100; turn++) await setImmediate()
  assert.equal(store.objects.size, 2)
  gate.resolve()
  assert.equal(await committed, 3)
})

test('a commit does not wait longer than shutdown.timeout.ms, and covers only what is stored', async () => {
  const driver = new SinkDriver()
  const store = new MemoryStore()
  const gate = Promise.withResolvers<void>()
  store.fault = (_step, key) => (key.includes('+0000000001') ? gate.promise : undefined)
  for (let i = 0; i < 3; i++) driver.log.push({ value: i })
  await startTask(driver, store, { 'flush.size': '1', 'shutdown.timeout.ms': '20' })
  await driver.deliver()
  assert.equal(await driver.commit(), 1)
  gate.resolve()
  assert.equal(await driver.commit(), 3)
})
