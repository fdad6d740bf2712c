import assert from 'node:assert/strict'
import { test } from 'node:test'
import { struct } from '../../src/connect/index.ts'
import { record, transform } from './support.ts'

test('Filter drops whatever it is applied to', () => {
  const filter = transform('Filter')
  assert.equal(filter.apply(record(1)), null)
  const value = { schema: struct({}), columns: [] }
  assert.equal(filter.applyToPlan?.({ topic: 't', kafkaPartition: null, key: null, value, timestamp: null }), 'dropped')
})
