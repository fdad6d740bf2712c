import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JsonDecimal, parseJson, parseLenientJson } from '../../../src/connect/index.ts'

test('integers beyond 2^53 stay exact', () => {
  assert.deepEqual(
    parseJson('{"a":9007199254740993,"b":-9223372036854775808,"c":9007199254740991,"d":"12345678901234567890"}'),
    {
      a: 9007199254740993n,
      b: -9223372036854775808n,
      c: 9007199254740991,
      d: '12345678901234567890',
    },
  )
})

test('long decimals keep their digits where asked for', () => {
  const text = '[1234567890.123456789,1.5,0.12345678901234567890]'
  assert.deepEqual(parseJson(text), [1234567890.1234567, 1.5, 0.12345678901234568])
  assert.deepEqual(parseJson(text, true), [
    new JsonDecimal('1234567890.123456789'),
    1.5,
    new JsonDecimal('0.12345678901234567890'),
  ])
})

test('the lenient parser takes leading zeros and ignores what follows the first value', () => {
  const cases: [string, unknown][] = [
    ['007', 7],
    ['[01,-002.5,0,0.5]', [1, -2.5, 0, 0.5]],
    ['{"a":1} trailing', { a: 1 }],
    ['{"a":"}00"}}', { a: '}00' }],
    ['"x" "y"', 'x'],
    [' {"a":[1,{"b":02}]}{"c":3}', { a: [1, { b: 2 }] }],
  ]
  for (const [text, value] of cases) assert.deepEqual(parseLenientJson(text), value, text)
})

test('what is no JSON at all is refused', () => {
  for (const text of ['', '{', 'abc', '{"a":}', '1x', "{'a':1}", '[1,,2]'])
    assert.throws(() => parseLenientJson(text), SyntaxError, text)
})

test('hostile text is refused in time that grows with its length only', () => {
  const text = `[${'\\"'.repeat(200_000)}"${'\\"'.repeat(200_000)}`
  const start = process.cpuUsage()
  assert.throws(() => parseLenientJson(text), SyntaxError)
  assert.ok(process.cpuUsage(start).user < 2_000_000)
})
