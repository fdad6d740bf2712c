import assert from 'node:assert/strict'
import { test } from 'node:test'
import { date, type Header, primitive } from '../../src/connect/index.ts'
import { record, transform } from './support.ts'

const string = (key: string, value: string): Header => ({ key, schema: primitive('STRING'), value })
const given = (...headers: Header[]) => record('value', null, { key: 'key', kafkaPartition: 0, timestamp: 0, headers })
const inserted = (header: string, literal: string, ...before: Header[]) =>
  transform('InsertHeader', { header, 'value.literal': literal }).apply(given(...before))

test('insertionWithExistingOtherHeader: the header comes last, the rest of the record stays', () => {
  const existing = string('existing', 'existing-value')
  assert.deepEqual(
    inserted('inserted', 'inserted-value', existing),
    given(existing, string('inserted', 'inserted-value')),
  )
})

test('insertionWithExistingSameHeader: a header of the same name stays beside it', () => {
  const existing = string('existing', 'preexisting-value')
  assert.deepEqual(
    inserted('existing', 'inserted-value', existing),
    given(existing, string('existing', 'inserted-value')),
  )
})

test('insertionWithByteHeader: what the value looks like decides its type', () => {
  assert.deepEqual(inserted('i', '1'), given({ key: 'i', schema: primitive('INT8'), value: 1 }))
  assert.deepEqual(inserted('i', 'true'), given({ key: 'i', schema: primitive('BOOLEAN'), value: true }))
  assert.deepEqual(inserted('i', '1970-01-02'), given({ key: 'i', schema: date(), value: 1 }))
  assert.deepEqual(inserted('i', 'null'), given({ key: 'i', schema: null, value: null }))
})

test('configRejectsNullHeaderKey: the name is required', () => {
  assert.throws(
    () => transform('InsertHeader', { 'value.literal': '1' }),
    /Missing required configuration "header" which has no default value/,
  )
})

test('configRejectsNullHeaderValue: the value is required', () => {
  assert.throws(
    () => transform('InsertHeader', { header: 'inserted' }),
    /Missing required configuration "value\.literal" which has no default value/,
  )
})
