import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeRequestBody, decodeResponse, encodeRequest, encodeResponse } from '../../../src/protocol/codec.ts'
import { apis } from '../../../src/protocol/messages/index.ts'
import { decodeRequestHeader } from '../../../src/protocol/request-header.ts'
import { arbitraryMessage, comparable, defaultMessage, seed } from '../../support/arbitrary-message.ts'

const RUNS_PER_VERSION = 12

for (const api of apis.values()) {
  test(`${api.name} requests and responses of every version come back as they were encoded`, (t) => {
    t.diagnostic(`seed ${seed}`)
    for (let version = api.minVersion; version <= api.maxVersion; version++) {
      fc.assert(
        fc.property(
          arbitraryMessage(api.request.fields, version),
          fc.option(fc.string()),
          fc.nat(),
          (body, clientId, id) => {
            const frame = Buffer.concat(encodeRequest(api, version, { correlationId: id, clientId }, body))
            assert.equal(frame.readInt32BE(0), frame.length - 4)
            const header = decodeRequestHeader(frame.subarray(4))
            const { bodyPosition, ...rest } = header
            assert.deepEqual(rest, { apiKey: api.key, apiVersion: version, correlationId: id, clientId })
            const decoded = decodeRequestBody(api, version, frame.subarray(4), bodyPosition)
            assert.deepEqual(comparable(decoded), comparable(body))
          },
        ),
        { seed, numRuns: RUNS_PER_VERSION },
      )
      fc.assert(
        fc.property(arbitraryMessage(api.response.fields, version), fc.nat(), (body, id) => {
          const frame = Buffer.concat(encodeResponse(api, version, id, body))
          assert.equal(frame.readInt32BE(0), frame.length - 4)
          const decoded = decodeResponse(api, version, frame.subarray(4))
          assert.equal(decoded.correlationId, id)
          assert.deepEqual(comparable(decoded.body), comparable(body))
        }),
        { seed, numRuns: RUNS_PER_VERSION },
      )
    }
  })

  test(`${api.name} fields that are left out are encoded as their defaults`, () => {
    for (let version = api.minVersion; version <= api.maxVersion; version++) {
      for (const schema of [api.request, api.response]) {
        const decoded = schema.fromBytes(schema.toBytes(version, {}), version)
        assert.deepEqual(comparable(decoded), comparable(defaultMessage(schema.fields)))
        assert.deepEqual(schema.toBytes(version, decoded), schema.toBytes(version, {}))
      }
    }
  })
}
