import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Header, primitive } from '../../src/connect/index.ts'
import { record, transform } from './support.ts'

const header = (key: string, value: string): Header => ({ key, schema: primitive('STRING'), value })
const existing = header('existing', 'existing-value')
const given = (...headers: Header[]) => record('value', null, { key: 'key', kafkaPartition: 0, timestamp: 0, headers })
const drop = transform('DropHeaders', { headers: 'to-drop' })

test('dropExistingHeader: a header of that name goes, the rest of the record stays', () => {
  assert.deepEqual(drop.apply(given(existing, header('to-drop', 'existing-value'))), given(existing))
})

test('dropExistingHeaderWithMultipleValues: all headers of that name go', () => {
  const both = given(existing, header('to-drop', 'existing-value'), header('to-drop', 'existing-other-value'))
  assert.deepEqual(drop.apply(both), given(existing))
})

test('dropNonExistingHeader: without one, the record stays as it is', () => {
  const untouched = given(existing)
  assert.equal(drop.apply(untouched), untouched)
  const bare = record('value')
  assert.equal(drop.apply(bare), bare)
})

test('configRejectsEmptyList: some name must be given, each one once', () => {
  assert.throws(
    () => transform('DropHeaders', { headers: '' }),
    /Configuration 'headers' must not be empty\. Valid values include: any non-empty value/,
  )
  assert.throws(
    () => transform('DropHeaders', { headers: 'a,a' }),
    /Configuration 'headers' values must not be duplicated\./,
  )
  assert.throws(
    () => transform('DropHeaders', { headers: 'a,,b' }),
    /Configuration 'headers' values must not be empty\./,
  )
})
