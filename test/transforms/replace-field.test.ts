import assert from 'node:assert/strict'
import { test } from 'node:test'
import { primitive, struct } from '../../src/connect/index.ts'
import { applied, record, transform } from './support.ts'

const string = primitive('STRING')
const schema = struct(
  { dont: string, abc: primitive('INT32'), foo: primitive('BOOLEAN'), etc: string },
  { name: 'n', optional: true },
)
const value = { dont: 'whatever', abc: 42, foo: true, etc: 'etc' }
const including = { include: 'abc,foo', renames: 'abc:xyz,foo:bar' }

test('tombstoneSchemaless: a null passes', () => {
  const tombstone = record(null)
  assert.equal(transform('ReplaceField$Value', including).apply(tombstone), tombstone)
})

test('tombstoneWithSchema: a null passes with the schema that it has', () => {
  const tombstone = record(null, schema)
  assert.equal(transform('ReplaceField$Value', including).apply(tombstone), tombstone)
})

test('schemaless: members are left out and renamed', () => {
  const replaced = applied('ReplaceField$Value', { exclude: 'dont', renames: 'abc:xyz,foo:bar' }, value)
  assert.deepEqual(replaced, { schema: null, value: { xyz: 42, bar: true, etc: 'etc' } })
})

test('withSchema: only the fields to include are kept, and renamed', () => {
  assert.deepEqual(applied('ReplaceField$Value', including, value, schema), {
    schema: struct({ xyz: primitive('INT32'), bar: primitive('BOOLEAN') }, { name: 'n' }),
    value: { xyz: 42, bar: true },
  })
})

for (const [title, part] of [
  ['testReplaceNullWithDefaultConfigOnValue', 'Value'],
  ['testReplaceNullWithDefaultConfigOnKey', 'Key'],
] as const)
  test(`${title}: a null is read as the default unless that is turned off`, () => {
    const abc = struct({ abc: primitive('INT32', { optional: true, default: 42 }) })
    for (const [replace, expected] of [
      ['true', 42],
      ['false', null],
    ] as const) {
      const props = { include: 'abc', renames: 'abc:opt', 'replace.null.with.default': replace }
      assert.deepEqual(applied(`ReplaceField$${part}`, props, { abc: null }, abc).value, { opt: expected })
    }
  })

test('to exclude goes before to include, and both go by the old names', () => {
  const props = { exclude: 'foo', include: 'abc,foo,xyz', renames: 'abc:xyz,foo:abc' }
  assert.deepEqual(applied('ReplaceField$Value', props, value).value, { xyz: 42 })
})

test('names can be exchanged, and of two new names for one field the last counts', () => {
  const exchanged = applied('ReplaceField$Value', { include: 'abc,foo', renames: 'abc:foo,foo:abc' }, value, schema)
  assert.deepEqual(exchanged.value, { foo: 42, abc: true })
  assert.deepEqual(applied('ReplaceField$Value', { include: 'abc', renames: 'abc:x,abc:y' }, value).value, { y: 42 })
  assert.throws(
    () => applied('ReplaceField$Value', { renames: 'abc:foo' }, value, schema),
    /Cannot create field because of field name duplication foo/,
  )
})

test('a mapping of other than two names and a name that comes twice are refused', () => {
  const invalid = (renames: string, shown: string, mapping: string): void =>
    assert.throws(() => transform('ReplaceField$Value', { renames }), {
      message: `Invalid value [${shown}] for configuration renames: Invalid rename mapping: ${mapping}`,
    })
  invalid('a:b,c', 'a:b, c', 'c')
  invalid('a:', 'a:', 'a:')
  invalid('a:b:c', 'a:b:c', 'a:b:c')
  for (const key of ['exclude', 'include'])
    assert.throws(
      () => transform('ReplaceField$Value', { [key]: 'a,a' }),
      new RegExp(`Configuration '${key}' values must not be duplicated\\.`),
    )
})

test('anything but a map is refused without a schema', () => {
  assert.throws(
    () => applied('ReplaceField$Value', including, 5),
    /Only Map objects supported in absence of schema for \[field replacement\], found: number/,
  )
})
