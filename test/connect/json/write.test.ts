import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  bigIntBytes,
  bigIntFromBytes,
  decimalText,
  GrowableBytes,
  unscaledValue,
  writeInteger,
  writeJsonBase64,
  writeJsonDecimal,
  writeJsonDouble,
  writeJsonString,
  writeJsonText,
  writeUtf8,
} from '../../../src/connect/index.ts'
import type { ByteSink } from '../../../src/connect/index.ts'

const written = (write: (out: ByteSink) => void): string => {
  const out = new GrowableBytes(1)
  write(out)
  return Buffer.from(out.copy()).toString()
}

test('strings are escaped like JSON.stringify does, with upper-case hex as in Kafka Connect', () => {
  const any = fc.string({
    unit: fc.constantFrom(
      'a',
      '"',
      '\\',
      '\n',
      '\t',
      '\r',
      '\b',
      '\f',
      '\u0000',
      '\u001f',
      '\u007f',
      'é',
      '€',
      '😀',
      '/',
    ),
  })
  fc.assert(
    fc.property(any, (text) => {
      const expected = JSON.stringify(text).replace(/\\u00(..)/g, (_match, hex: string) => `\\u00${hex.toUpperCase()}`)
      const bytes = Buffer.from(`<${text}>`)
      assert.equal(
        written((out) => writeJsonString(out, bytes, 1, bytes.length - 1)),
        expected,
      )
      assert.equal(
        written((out) => writeJsonText(out, text)),
        expected,
      )
    }),
  )
})

test('long strings and lone surrogates are written whole', () => {
  const long = 'é"'.repeat(5000)
  assert.equal(
    written((out) => writeJsonText(out, long)),
    JSON.stringify(long),
  )
  assert.equal(
    written((out) => writeJsonText(out, 'a\ud800b')),
    '"a\ufffdb"',
  )
  assert.equal(
    written((out) => writeUtf8(out, long)),
    long,
  )
})

test('base64 is padded base64', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.equal(
        written((out) => writeJsonBase64(out, bytes)),
        `"${Buffer.from(bytes).toString('base64')}"`,
      )
    }),
  )
})

test('numbers are written in Java text form', () => {
  assert.equal(
    written((out) => writeInteger(out, -(2n ** 63n))),
    '-9223372036854775808',
  )
  assert.equal(
    written((out) => [0, 7, 10, -1].forEach((n) => writeInteger(out, n))),
    '0710-1',
  )
  assert.equal(
    written((out) => writeJsonDouble(out, 1)),
    '1.0',
  )
  assert.equal(
    written((out) => writeJsonDouble(out, Number.NaN)),
    '"NaN"',
  )
  assert.equal(
    written((out) => writeJsonDouble(out, -Infinity)),
    '"-Infinity"',
  )
})

test('decimals of any size become the base64 of the unscaled value', () => {
  const number = fc.record({
    unscaled: fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }),
    scale: fc.nat({ max: 12 }),
    small: fc.boolean(),
  })
  fc.assert(
    fc.property(number, ({ unscaled, scale, small }) => {
      const value = small ? unscaled % 100_000n : unscaled
      const text = decimalText(value, scale)
      const bytes = Buffer.from(text)
      const expected = Buffer.from(bigIntBytes(value)).toString('base64')
      assert.equal(
        written((out) => writeJsonDecimal(out, bytes, 0, bytes.length, scale)),
        `"${expected}"`,
      )
      assert.equal(unscaledValue(text, scale), value)
      assert.equal(bigIntFromBytes(bigIntBytes(value)), value)
    }),
  )
})

test('unscaled values take as few bytes as Java gives them', () => {
  const lengths: [bigint, string][] = [
    [0n, '00'],
    [127n, '7f'],
    [128n, '0080'],
    [-128n, '80'],
    [-129n, 'ff7f'],
    [-1n, 'ff'],
    [255n, '00ff'],
    [-32768n, '8000'],
    [32768n, '008000'],
  ]
  for (const [value, hex] of lengths) {
    assert.equal(Buffer.from(bigIntBytes(value)).toString('hex'), hex)
    const text = Buffer.from(String(value))
    assert.equal(
      written((out) => writeJsonDecimal(out, text, 0, text.length, 0)),
      `"${Buffer.from(hex, 'hex').toString('base64')}"`,
    )
  }
})

test('fewer digits after the point are filled up, more are refused unless they are zeros', () => {
  assert.equal(unscaledValue('1.5', 3), 1500n)
  assert.equal(unscaledValue('-1.500', 1), -15n)
  assert.equal(unscaledValue('1500', -2), 15n)
  assert.equal(decimalText(15n, -2), '1500')
  assert.throws(() => unscaledValue('1.55', 1), /mismatching scale/)
  assert.throws(() => unscaledValue('NaN', 1), /not a decimal number/)
})
