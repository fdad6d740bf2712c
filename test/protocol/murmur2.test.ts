import assert from 'node:assert/strict'
import { test } from 'node:test'
import { murmur2, partitionForKey } from '../../src/protocol/murmur2.ts'

test('murmur2 gives the values of the Java client', () => {
  const expected: [string, number][] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ]
  for (const [key, hash] of expected) assert.equal(murmur2(Buffer.from(key)), hash, key)
})

test('a key is placed by its hash without the sign bit', () => {
  assert.equal(partitionForKey(Buffer.from('abc'), 10), 479470107 % 10)
  assert.equal(partitionForKey(Buffer.from('21'), 7), (-973932308 & 0x7fffffff) % 7)
  assert.equal(partitionForKey(Buffer.from('anything'), 1), 0)
})
