import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatJavaDouble, formatJavaFloat } from '../../../src/connect/data/java-number.ts'

test('doubles are written as Java writes them', () => {
  const expected: [number, string][] = [
    [1, '1.0'],
    [0, '0.0'],
    [-0, '-0.0'],
    [1e21, '1.0E21'],
    [1.5e7, '1.5E7'],
    [9999999, '9999999.0'],
    [1e7, '1.0E7'],
    [0.001, '0.001'],
    [0.00012, '1.2E-4'],
    [-123.456, '-123.456'],
    [1.7976931348623157e308, '1.7976931348623157E308'],
    [5e-324, '4.9E-324'],
    [12345678.9, '1.23456789E7'],
    [Number.NaN, 'NaN'],
    [-Infinity, '-Infinity'],
  ]
  for (const [value, text] of expected) assert.equal(formatJavaDouble(value), text)
})

test('floats are written with the digits that identify a float', () => {
  const expected: [number, string][] = [
    [Math.fround(0.1), '0.1'],
    [Math.fround(3.4028235e38), '3.4028235E38'],
    [1.5, '1.5'],
    [16777216, '1.6777216E7'],
    [0, '0.0'],
    [1.401298464324817e-45, '1.4E-45'],
  ]
  for (const [value, text] of expected) assert.equal(formatJavaFloat(value), text)
})
