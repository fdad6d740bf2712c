import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { datagenSource } from '../../../connectors/datagen/index.ts'
import { quickstartNames, quickstarts } from '../../../connectors/datagen/quickstarts/index.ts'
import type { SourceRecord } from '../../../src/connect/index.ts'
import { type SourceHarness, sourceHarness } from '../../../src/connect/testing/index.ts'
import { jsonConverter } from '../../../src/converters/json/json-converter.ts'
import { makeFifo, noFifos } from '../../support/fifo.ts'

type Props = Record<string, string>

const folder = mkdtempSync(join(tmpdir(), 'millrace-datagen-'))
after(() => rmSync(folder, { recursive: true }))

const base = { 'kafka.topic': 't', 'max.interval': '0' }
const schemaOf = (fields: object): string =>
  JSON.stringify({
    type: 'record',
    name: 'r',
    namespace: 'n',
    fields: Object.entries(fields).map(([name, type]) => ({ name, type: type as unknown })),
  })

async function started(props: Props, task = 0): Promise<SourceHarness<unknown>> {
  const harness = sourceHarness(datagenSource, { ...base, ...props }, { maxTasks: task + 1, task })
  await harness.start()
  return harness as SourceHarness<unknown>
}

async function made(count: number, props: Props, task = 0): Promise<SourceRecord[]> {
  await using harness = await started(props, task)
  return await harness.take(count)
}

const valuesOf = async (count: number, field: object): Promise<unknown[]> =>
  (await made(count, { 'schema.string': schemaOf({ f: field }) })).map(({ value }) => (value as { f: unknown }).f)

for (const name of quickstartNames) {
  test(`quickstart ${name} makes records with its key that the JSON converter can write and read`, async () => {
    const key = quickstarts.get(name)?.key ?? ''
    const converter = jsonConverter.create(jsonConverter.config.parse({}), 'value')
    for (const record of await made(20, { quickstart: name.toUpperCase() })) {
      const value = record.value as Record<string, unknown>
      assert.ok(record.key !== undefined && record.key !== null)
      assert.equal(record.key, value[key])
      const bytes = converter.fromConnectData('t', record.valueSchema ?? null, value)
      assert.deepEqual(Object.keys(converter.toConnectData('t', bytes).value as object), Object.keys(value))
    }
  })
}

test('a record carries headers, partition and offset, and a key schema of its own', async () => {
  const [first, second] = await made(2, { quickstart: 'orders', 'random.seed': '7' }, 2)
  assert.deepEqual(
    second?.headers?.map(({ key, value }) => [key, value]),
    [
      ['task.generation', 0],
      ['task.id', 2],
      ['current.iteration', 1],
    ],
  )
  assert.deepEqual(second?.sourcePartition, { 'task.id': 2 })
  assert.deepEqual(first?.keySchema, { type: 'INT32', optional: false })
  const { 'random.seed': seed, ...offset } = second?.sourceOffset ?? {}
  assert.deepEqual(offset, { 'task.generation': 1, 'current.iteration': 2 })
  assert.ok(Number.isSafeInteger(seed))
})

test('the same seed makes the same data, another seed or task other data', async () => {
  const values = async (seed: string, task: number): Promise<unknown[]> =>
    (await made(5, { quickstart: 'users', 'random.seed': seed }, task)).map(({ value }) => value)
  const data = await values('1', 0)
  assert.deepEqual(await values('1', 0), data)
  assert.notDeepEqual(await values('2', 0), data)
  assert.notDeepEqual(await values('1', 1), data)
})

test('a restart goes on with the sequence, as the next generation', async () => {
  const props = { quickstart: 'orders', 'random.seed': '3', iterations: '10' }
  const all = (await made(10, props)).map(({ value }) => value)
  await using harness = await started({ ...props, 'max.interval': '1' })
  const before = await harness.take(4)
  await harness.commit()
  await harness.restart()
  const rest = await harness.take(6)
  assert.deepEqual(
    [...before, ...rest].map(({ value }) => value),
    all,
  )
  assert.deepEqual(rest[0]?.headers?.[0]?.value, 1)
})

test('after the configured iterations the task fails with the text of Datagen', async () => {
  await using harness = await started({ quickstart: 'users', iterations: '3' })
  assert.equal((await harness.poll())?.length, 3)
  await assert.rejects(harness.poll(), /Stopping connector: generated the configured 3 number of messages/)
})

test('every type and property of a schema makes the values that it says', async () => {
  const arg = (type: string, properties: object, more: object = {}): object => ({
    type,
    ...more,
    'arg.properties': properties,
  })
  const each = async (field: object, check: (value: unknown) => boolean): Promise<void> => {
    const values = await valuesOf(50, field)
    assert.ok(values.every(check), JSON.stringify([field, values.find((value) => !check(value))]))
  }
  await each(arg('int', { range: { min: 3, max: 5 } }), (value) => value === 3 || value === 4)
  await each(arg('double', { range: { min: -1, max: 1 } }), (value) => Math.abs(value as number) <= 1)
  await each(arg('float', { range: { min: 0, max: 1 } }), (value) => value === Math.fround(value as number))
  await each(arg('boolean', { odds: 1 }), (value) => value === true)
  await each(arg('string', { regex: '[^a-z!-@]\\d(x|yz)?[-_]{2,3}.+', prefix: '<', suffix: '>' }), (value) =>
    /^<[^a-z!-@]\d(x|yz)?[-_]{2,3}.+>$/.test(value as string),
  )
  await each(arg('string', { length: 4 }), (value) => (value as string).length === 4)
  await each(arg('bytes', { length: { min: 1, max: 3 } }), (value) => [1, 2].includes((value as Uint8Array).length))
  await each({ type: 'fixed', name: 'f', size: 5 }, (value) => (value as Uint8Array).length === 5)
  await each({ type: 'enum', name: 'e', symbols: ['A', 'B'] }, (value) => value === 'A' || value === 'B')
  await each(
    arg('array', { length: 2 }, { items: arg('int', { options: [8, 9] }) }),
    (value) => (value as number[]).length === 2 && (value as number[]).every((item) => item === 8 || item === 9),
  )
  await each(arg('map', { length: 1, keys: { regex: 'k\\d' } }, { values: 'long' }), (value) => {
    const [[key, item]] = [...(value as Map<string, unknown>)] as [[string, unknown]]
    return /^k\d$/.test(key) && ['number', 'bigint'].includes(typeof item)
  })
  await each(arg('bytes', { range: { min: 1, max: 2 } }, { logicalType: 'decimal', precision: 4, scale: 2 }), (value) =>
    /^[12]\.\d\d$/.test(value as string),
  )
})

test('iterations count on, begin again, and go down', async () => {
  const iteration = (given: object): object => ({ type: 'int', 'arg.properties': { iteration: given } })
  assert.deepEqual(await valuesOf(4, iteration({ start: 5, step: 10 })), [5, 15, 25, 35])
  assert.deepEqual(await valuesOf(5, iteration({ start: 0, restart: 3, step: 2 })), [0, 2, 0, 2, 0])
  assert.deepEqual(await valuesOf(4, iteration({ start: 2, restart: 0 })), [2, 1, 2, 1])
})

test('a union with null makes optional fields, which are null now and then', async () => {
  const [record] = await made(1, { 'schema.string': schemaOf({ f: ['null', 'int'] }) })
  assert.deepEqual(record?.valueSchema?.fields?.[0]?.schema, { type: 'INT32', optional: true })
  const values = await valuesOf(100, ['null', 'int'])
  assert.ok(values.includes(null) && values.some((value) => typeof value === 'number'))
})

test('a schema comes from a file too; named types are known after their declaration', async () => {
  const file = join(folder, 'schema.avsc')
  writeFileSync(
    file,
    schemaOf({ a: { type: 'record', name: 'point', fields: [{ name: 'x', type: 'int' }] }, b: 'n.point', c: 'point' }),
  )
  const [record] = await made(1, { 'schema.filename': file, 'schema.keyfield': 'a' })
  assert.deepEqual(
    record?.valueSchema?.fields?.map(({ schema }) => schema.name),
    ['n.point', 'n.point', 'n.point'],
  )
  assert.equal(record.valueSchema.name, 'n.r')
  assert.equal(record.key, (record.value as { a: unknown }).a)
  await assert.rejects(started({ 'schema.filename': `${file}x` }), /Cannot read the schema file .*schema.avscx: ENOENT/)
})

test('a pipe in place of the schema file is not waited for', { skip: noFifos }, async () => {
  const pipe = makeFifo(join(folder, 'pipe'))
  await assert.rejects(started({ 'schema.filename': pipe }), /Cannot read the schema file .*pipe: it is not a file/)
})

test('what is wrong with a configuration or a schema is said when the connector is created', async () => {
  const fails = (props: Props, message: RegExp): Promise<void> => assert.rejects(started(props), message)
  await fails({}, /Must set exactly one of schema.string, schema.filename, quickstart/)
  await fails({ quickstart: 'users', 'schema.filename': 'f' }, /Must set exactly one of/)
  await fails({ quickstart: 'nothing' }, /must be one of campaign_finance, clickstream/)
  await fails({ 'schema.string': '{' }, /The schema is no JSON/)
  await fails({ 'schema.string': '"int"' }, /type int: a record is needed/)
  await fails({ quickstart: 'users', 'schema.keyfield': 'x' }, /contain the field provided in 'schema.keyfield': x/)
  const field = (type: unknown, message: RegExp): Promise<void> =>
    fails({ 'schema.string': schemaOf({ f: type }) }, message)
  await field('text', /Field f of n.r has the type text, which is not known/)
  await field('r', /Field f of n.r contains itself: n.r/)
  await field(['int', 'string'], /union of several types/)
  await field({ type: 'int', 'arg.properties': { odd: 1 } }, /arg.properties odd; known are options, range/)
  await field({ type: 'int', 'arg.properties': { range: { min: 2, max: 1 } } }, /range from 2 to 1 is empty/)
  await field({ type: 'string', 'arg.properties': { regex: '(a' } }, /regex \(a has a \( without a \)/)
  await field({ type: 'string', 'arg.properties': { regex: '\\p' } }, /regex \\p has \\p, which/)
  await field({ type: 'enum', name: 'e' }, /enum without symbols/)
  await field('null', /null alone/)
})
