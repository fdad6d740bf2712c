import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeJavaMap, encodeJavaMap, type MapEntry } from '../../../src/runtime/standalone/java-map.ts'

/** Three entries as OpenJDK 17 wrote them. */
const writtenByJava =
  'aced0005737200116a6176612e7574696c2e486173684d61700507dac1c31660d103000246000a6c6f6164466163746f724900097468726573' +
  '686f6c6478703f4000000000000c77080000001000000003757200025b42acf317f8060854e002000078700000000d5b2263222c7b2270223a' +
  '317d5d7571007e0002000000077b226f223a317d7571007e00020000000d5b2263222c7b2270223a327d5d7571007e0002000000077b226f22' +
  '3a327d7571007e00020000000d5b2263222c7b2270223a307d5d7571007e0002000000077b226f223a307d78'

const texts = (entries: readonly MapEntry[]): (string | null)[][] =>
  entries.map((entry) => entry.map((bytes) => (bytes === null ? null : Buffer.from(bytes).toString())))

test('a map that Java wrote is read, and written again byte for byte', () => {
  const bytes = Buffer.from(writtenByJava, 'hex')
  const entries = decodeJavaMap(bytes)
  assert.deepEqual(texts(entries), [
    ['["c",{"p":1}]', '{"o":1}'],
    ['["c",{"p":2}]', '{"o":2}'],
    ['["c",{"p":0}]', '{"o":0}'],
  ])
  assert.deepEqual(encodeJavaMap(entries), bytes)
})

test('any map of byte arrays survives writing and reading, null values included', () => {
  const bytes = fc.uint8Array({ maxLength: 40 })
  fc.assert(
    fc.property(fc.array(fc.tuple(bytes, fc.option(bytes)), { maxLength: 50 }), (entries) => {
      assert.deepEqual(decodeJavaMap(encodeJavaMap(entries)), entries)
    }),
  )
})

test('a damaged file is refused with what is wrong, whatever bytes it holds', () => {
  const whole = Buffer.from(writtenByJava, 'hex')
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => decodeJavaMap(whole.subarray(0, length)), /ends too early/)
  }
  const other = Buffer.from(whole)
  other.write('java.util.TreeMap', 8, 'latin1')
  assert.throws(() => decodeJavaMap(other), /holds an object of class java.util.TreeMap/)
  fc.assert(
    fc.property(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 }), (at, value) => {
      const changed = Buffer.from(whole)
      changed[at] = value
      try {
        decodeJavaMap(changed)
      } catch (error) {
        assert.match((error as Error).message, /^Not a map of byte arrays/)
      }
    }),
  )
})
