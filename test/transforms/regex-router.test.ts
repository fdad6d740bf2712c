import assert from 'node:assert/strict'
import { test } from 'node:test'
import { record, transform } from './support.ts'

const routed = (regex: string, replacement: string, topic: string): string | undefined =>
  transform('RegexRouter', { regex, replacement }).apply(record(null, null, { topic }))?.topic

test('staticReplacement: a topic that matches gets the replacement', () => {
  assert.equal(routed('foo', 'bar', 'foo'), 'bar')
})

test('doesntMatch: a topic that does not match as a whole stays', () => {
  assert.equal(routed('foo', 'bar', 'orig'), 'orig')
  assert.equal(routed('foo', 'bar', 'foo2'), 'foo2')
})

test('identity: the first group may be all', () => {
  assert.equal(routed('(.*)', '$1', 'orig'), 'orig')
})

test('addPrefix: text may precede a group', () => {
  assert.equal(routed('(.*)', 'prefix-$1', 'orig'), 'prefix-orig')
})

test('addSuffix: text may follow a group', () => {
  assert.equal(routed('(.*)', '$1-suffix', 'orig'), 'orig-suffix')
})

test('slice: what no group holds is left out', () => {
  assert.equal(routed('(.*)-(\\d\\d\\d\\d\\d\\d\\d\\d)', '$1', 'index-20160117'), 'index')
})

test('a faulty expression and a replacement with groups that it has not are refused', () => {
  assert.throws(
    () => transform('RegexRouter', { regex: '(', replacement: '' }),
    /Invalid value \( for configuration regex: Invalid regex/,
  )
  assert.throws(
    () => transform('RegexRouter', { regex: 'a', replacement: '$1' }),
    /Invalid value \$1 for configuration replacement: No group 1/,
  )
})
