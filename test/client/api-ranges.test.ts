import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiRanges } from '../../src/client/api-ranges.ts'
import { encodeResponse } from '../../src/protocol/codec.ts'
import { ApiVersions, Fetch, Metadata } from '../../src/protocol/messages/index.ts'

function answer(correlationId: number, maxVersion: number): Uint8Array {
  const apiKeys = [{ apiKey: Metadata.key, minVersion: 1, maxVersion }]
  return Buffer.concat(encodeResponse(ApiVersions, 2, correlationId, { apiKeys })).subarray(4)
}

test('answers that differ in nothing but the request they belong to have the same ranges, others their own', () => {
  const first = answer(1, 9)
  assert.equal(ApiRanges.kept(2, first), null)
  const ranges = ApiRanges.keep(2, first, [{ apiKey: Metadata.key, minVersion: 1, maxVersion: 9 }])
  assert.equal(ApiRanges.kept(2, answer(77, 9)), ranges)
  assert.deepEqual(ranges.get(Metadata), { apiKey: Metadata.key, minVersion: 1, maxVersion: 9 })
  assert.equal(ranges.get(Fetch), undefined)
  assert.equal(ApiRanges.kept(2, answer(1, 10)), null)
  assert.equal(ApiRanges.kept(1, first), null)
})
