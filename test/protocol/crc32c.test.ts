import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32c } from '../../src/protocol/crc32c.ts'

/** Bit by bit from the definition (reflected polynomial 0x82f63b78), to check both implementations behind the function. */
function slowCrc32c(bytes: Uint8Array): number {
  let crc = -1
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 1 ? 0x82f63b78 : 0)
  }
  return ~crc >>> 0
}

test('CRC-32C matches the published vectors (RFC 3720, B.4)', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
  assert.equal(crc32c(Buffer.alloc(32)), 0x8a9136aa)
  assert.equal(crc32c(Buffer.alloc(32, 0xff)), 0x62a8ab43)
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e)
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c)
  assert.equal(crc32c(new Uint8Array(0)), 0)
})

test('CRC-32C agrees with the definition on both sides of the length where the implementation changes', () => {
  const bytes = Uint8Array.from({ length: 3000 }, (_, i) => (i * 167 + (i >> 3)) & 0xff)
  for (const length of [1, 7, 63, 64, 255, 256, 511, 512, 513, 1023, 1024, 2048, 3000]) {
    assert.equal(crc32c(bytes.subarray(0, length)), slowCrc32c(bytes.subarray(0, length)), `length ${length}`)
  }
})

test('CRC-32C covers only the range asked for', () => {
  const bytes = Buffer.concat([Buffer.alloc(700, 1), Buffer.from('123456789'), Buffer.alloc(700, 2)])
  assert.equal(crc32c(bytes, 700, 709), 0xe3069283)
  assert.equal(crc32c(bytes, 100), slowCrc32c(bytes.subarray(100)))
})
