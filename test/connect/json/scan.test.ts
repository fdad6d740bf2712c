import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isUtf8, scanJson } from '../../../src/connect/index.ts'

const scan = (text: string): number => {
  const bytes = Buffer.from(`x${text}y`)
  return scanJson(bytes, 1, bytes.length - 1)
}

const parses = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

test('every text that JSON.stringify makes is valid and compact', () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => scan(JSON.stringify(value)) === 1))
})

test('indented texts are valid and told apart from compact ones', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const text = JSON.stringify(value, null, '\t')
      return scan(text) === (text.includes('\n') ? 2 : 1)
    }),
  )
})

test('a damaged text is valid exactly when JSON.parse takes it', () => {
  const damage = fc.record({
    at: fc.nat(),
    drop: fc.nat({ max: 2 }),
    insert: fc.constantFrom(
      '',
      ',',
      '"',
      '}',
      ']',
      '\\',
      '0',
      '-',
      ' ',
      'e',
      '.',
      '\n',
      '\u0001',
      ':',
      '[',
      '{',
      'null',
      'é',
    ),
  })
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), fc.array(damage, { minLength: 1, maxLength: 3 }), (value, damages) => {
      let text = JSON.stringify(value)
      for (const { at, drop, insert } of damages) {
        const i = at % (text.length + 1)
        text = text.slice(0, i) + insert + text.slice(i + drop)
      }
      text = text.toWellFormed()
      assert.equal(scan(text) !== 0, parses(text), JSON.stringify(text))
    }),
    { numRuns: 3000 },
  )
})

test('numbers, escapes and brackets outside the grammar are refused', () => {
  for (const text of [
    '',
    ' ',
    '01',
    '-',
    '1.',
    '.5',
    '1e',
    '+1',
    '"\\x"',
    '"\\u12g4"',
    '"',
    '"\n"',
    '[1,]',
    '[,1]',
    '{"a"}',
    '{"a":1,}',
    '{a:1}',
    '[1}',
    '{"a":1]',
    'nul',
    'True',
    '1 2',
    '[',
    '{"a":',
    'NaN',
  ])
    assert.equal(scan(text), 0, text)
  for (const text of [
    '0',
    '-0.5e+3',
    '"\\u00e9\\n"',
    '[]',
    '{}',
    '[[],{}]',
    '{"":null}',
    'true',
    '{"a":{"b":[1,{"c":"}"}]}}',
  ])
    assert.equal(scan(text), 1, text)
  for (const text of [' 1', '1 ', '[ ]', '{ }', '{"a" :1}', '{"a": 1}', '{"a":1 ,"b":2}', '{"a":1, "b":2}', '[1 ,2]'])
    assert.equal(scan(text), 2, text)
})

test('malformed UTF-8 inside a string is refused', () => {
  for (const bytes of [
    [0x80],
    [0xc3],
    [0xc0, 0x80],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xe2, 0x28, 0xa1],
    [0xff],
  ]) {
    const text = Buffer.from([0x22, ...bytes, 0x22])
    assert.equal(scanJson(text, 0, text.length), 0, text.toString('hex'))
    assert.equal(isUtf8(Buffer.from(bytes), 0, bytes.length), false)
  }
  const good = Buffer.from('"é€😀\u{10FFFF}"')
  assert.equal(scanJson(good, 0, good.length), 1)
})

test('nesting is limited', () => {
  assert.equal(scan('['.repeat(1000) + ']'.repeat(1000)), 1)
  assert.equal(scan('['.repeat(1001) + ']'.repeat(1001)), 0)
})

test('bytes beyond the end are not looked at', () => {
  const bytes = Buffer.from('[1,2]}')
  assert.equal(scanJson(bytes, 0, 5), 1)
  assert.equal(scanJson(bytes, 0, 4), 0)
  assert.equal(scanJson(bytes, 3, 4), 1)
})

test('every byte at every place of a string, a number and a literal means what JSON.parse takes it for', () => {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const takes = (bytes: Uint8Array): boolean => {
    try {
      JSON.parse(strict.decode(bytes))
      return true
    } catch {
      return false
    }
  }
  const texts = ['', 'a', 'ab', 'abc', 'abcd', 'abcde', 'abcdefghi', 'é€xy'].map((content) => `"${content}"`)
  texts.push('1', '123', '1234', '-12345', '123456789', '12.345', '1234567e12345', 'true', 'null', 'false', '[true,12]')
  for (const text of texts) {
    const valid = Buffer.from(text)
    // What follows would go on with any of them.
    const bytes = Buffer.concat([valid, Buffer.from('1"ae')])
    for (let at = 0; at < valid.length; at++) {
      for (let byte = 0; byte < 256; byte++) {
        bytes[at] = byte
        const what = bytes.toString('latin1', 0, valid.length)
        assert.equal(scanJson(bytes, 0, valid.length) !== 0, takes(bytes.subarray(0, valid.length)), what)
      }
      bytes[at] = valid[at] as number
    }
  }
})
