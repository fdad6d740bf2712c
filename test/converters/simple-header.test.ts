import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  arrayOf,
  DATE,
  date,
  decimal,
  mapOf,
  primitive,
  time,
  TIME,
  timestamp,
  TIMESTAMP,
} from '../../src/connect/index.ts'
import type { Schema } from '../../src/connect/index.ts'
import { simpleHeaderConverter } from '../../src/converters/index.ts'

const converter = simpleHeaderConverter.create(simpleHeaderConverter.config.parse({}))
const read = (text: string): [string | null, unknown] => {
  const { schema, value } = converter.toConnectHeader('t', 'k', Buffer.from(text))
  return [schema?.name ?? schema?.type ?? null, value]
}
const write = (schema: Schema | null, value: unknown): string | null => {
  const bytes = converter.fromConnectHeader('t', 'k', schema, value)
  return bytes === null ? null : Buffer.from(bytes).toString()
}

test('texts become the type that they look like', () => {
  const day = 86_400_000
  const cases: [string, string | null, unknown][] = [
    ['', 'STRING', ''],
    ['null', null, null],
    ['true', 'BOOLEAN', true],
    ['False', 'STRING', 'False'],
    ['7', 'INT8', 7],
    [' 7 ', 'INT8', 7],
    ['1.0', 'INT8', 1],
    ['1e5', 'INT32', 100000],
    ['-129', 'INT16', -129],
    ['3000000000', 'INT64', 3000000000],
    ['9007199254740993', 'INT64', 9007199254740993n],
    ['1.5', 'FLOAT32', 1.5],
    ['1e300', 'FLOAT64', 1e300],
    ['1e30', 'FLOAT32', Math.fround(1e30)],
    ['12345678901234567890', decimal(0).name ?? '', '12345678901234567890'],
    ['2024-01-02', DATE, 19724],
    ['12:34:56.789Z', TIME, 45296789],
    ['2024-01-02T00:00:00.001Z', TIMESTAMP, 19724 * day + 1],
    ['abc', 'STRING', 'abc'],
    ['"quoted"', 'STRING', '"quoted"'],
    ['-', 'STRING', '-'],
  ]
  for (const [text, type, value] of cases) assert.deepEqual(read(text), [type, value], text)
})

test('what follows a number, date or literal is ignored, as in Kafka Connect', () => {
  assert.deepEqual(read('1,2'), ['INT8', 1])
  assert.deepEqual(read('12:30'), ['INT8', 12])
  assert.deepEqual(read('2024-01-02:foo'), [DATE, 19724])
})

test('lists and maps are typed by what they hold', () => {
  const parse = (text: string): unknown => converter.toConnectHeader('t', 'k', Buffer.from(text))
  assert.deepEqual(parse('[1,300,]'), { schema: arrayOf(primitive('INT16')), value: [1, 300] })
  assert.deepEqual(parse('["a", "b\\"c\\\\"]'), { schema: arrayOf(primitive('STRING')), value: ['a', 'b\\"c\\\\'] })
  assert.deepEqual(parse('{"a":1,"b":2.5}'), {
    schema: mapOf(primitive('STRING'), primitive('FLOAT32')),
    value: new Map([
      ['a', 1],
      ['b', 2.5],
    ]),
  })
  assert.deepEqual(parse('["a",1]'), { schema: { type: 'ARRAY', optional: false }, value: ['a', 1] })
  assert.deepEqual(parse('[[1],[2,3]]'), { schema: arrayOf(arrayOf(primitive('INT8'))), value: [[1], [2, 3]] })
  for (const text of ['[1 2]', '[a,b]', '{a:1}', '[1', '{"a"}', '[,1]', '{null:1}'])
    assert.deepEqual(read(text), ['STRING', text])
})

test('values are written as text', () => {
  assert.equal(write(null, null), null)
  assert.equal(write(primitive('STRING'), 'a"b'), 'a"b')
  assert.equal(write(primitive('FLOAT64'), 1), '1.0')
  assert.equal(write(primitive('BYTES'), Uint8Array.of(1, 2)), 'AQI=')
  assert.equal(write(arrayOf(primitive('STRING')), ['a"', null]), '["a\\"",null]')
  assert.equal(write(mapOf(primitive('STRING'), primitive('INT32')), new Map([['a', 1]])), '{"a":1}')
  assert.equal(write(decimal(2), '1.50'), '1.50')
  assert.equal(write(date(), 19724), '2024-01-02')
  assert.equal(write(date(), -1), '1969-12-31')
  assert.equal(write(time(), 1), '00:00:00.001Z')
  assert.equal(write(timestamp(), 86_400_001), '1970-01-02T00:00:00.001Z')
  assert.equal(write(date(), 2 ** 31 - 1), '5881580-07-11')
})

test('what was written is read back', () => {
  for (const [schema, value] of [
    [primitive('INT8'), 5],
    [primitive('BOOLEAN'), false],
    [date(), 19724],
    [arrayOf(primitive('INT8')), [1, 2]],
  ] as const) {
    assert.deepEqual(converter.toConnectHeader('t', 'k', converter.fromConnectHeader('t', 'k', schema, value)), {
      schema,
      value,
    })
  }
})

test('brackets nested beyond reason are text', () => {
  const text = '['.repeat(200_000)
  assert.deepEqual(read(text), ['STRING', text])
})
