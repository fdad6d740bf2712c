import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Reader } from '../../../src/protocol/primitives/reader.ts'
import { isUuid, randomUuid, ZERO_UUID } from '../../../src/protocol/primitives/uuid.ts'
import { Writer } from '../../../src/protocol/primitives/writer.ts'

test('the zero uuid is 16 zero bytes', () => {
  assert.equal(new Reader(new Uint8Array(16)).uuid(), ZERO_UUID)
  assert.ok(isUuid(ZERO_UUID))
})

test('random uuids are of version 4, never begin with a dash, and survive the wire', () => {
  for (let index = 0; index < 500; index++) {
    const uuid = randomUuid()
    assert.ok(isUuid(uuid), uuid)
    assert.ok(!uuid.startsWith('-'))
    const bytes = Buffer.from(uuid, 'base64url')
    assert.equal((bytes[6] ?? 0) >> 4, 4)
    assert.equal((bytes[8] ?? 0) >> 6, 2)
    const writer = new Writer()
    writer.uuid(uuid)
    assert.equal(new Reader(writer.toBytes()).uuid(), uuid)
  }
})

test('text of another length or alphabet, or with stray bits at the end, is not a uuid', () => {
  assert.equal(isUuid('AAAAAAAAAAAAAAAAAAAAA'), false)
  assert.equal(isUuid('AAAAAAAAAAAAAAAAAAAAA+'), false)
  assert.equal(isUuid('AAAAAAAAAAAAAAAAAAAAAB'), false)
})
