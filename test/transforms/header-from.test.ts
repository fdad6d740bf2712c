import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Header, primitive, type Schema, struct } from '../../src/connect/index.ts'
import { record, transform } from './support.ts'

const string = primitive('STRING')
const withDefault = primitive('STRING', { default: 'default', optional: true })
const nested = struct({ foo: string })

type Member = [name: string, schema: Schema, value: unknown]

interface Case {
  readonly title: string
  readonly given: readonly Member[]
  readonly fields: string
  readonly headers: string
  readonly operation: 'move' | 'copy'
  readonly replaceNull?: 'false'
  readonly left: readonly Member[]
  readonly before?: Member
  readonly added: readonly Member[]
}

const field1: Member = ['field1', string, 'field1-value']
const field2: Member = ['field2', string, 'field2-value']
const structField: Member = ['field1', nested, { foo: 'foo-value' }]
const nullable: Member[] = [
  ['field1', withDefault, 'field1-value'],
  ['field2', withDefault, null],
]
const fromNullable: Member[] = [
  ['inserted1', withDefault, 'field1-value'],
  ['inserted2', withDefault, null],
]
const inserted: Member = ['inserted1', string, 'field1-value']
const one = { fields: 'field1', headers: 'inserted1' }
const two = { fields: 'field1,field2', headers: 'inserted1,inserted2' }

const cases: Case[] = [
  {
    title: 'basic copy',
    given: [field1, field2],
    ...one,
    operation: 'copy',
    left: [field1, field2],
    added: [inserted],
  },
  { title: 'basic move', given: [field1, field2], ...one, operation: 'move', left: [field2], added: [inserted] },
  {
    title: 'copy with preexisting header',
    given: [field1, field2],
    ...one,
    operation: 'copy',
    left: [field1, field2],
    before: ['inserted1', string, 'existing-value'],
    added: [inserted],
  },
  {
    title: 'move with preexisting header',
    given: [field1, field2],
    ...one,
    operation: 'move',
    left: [field2],
    before: ['inserted1', string, 'existing-value'],
    added: [inserted],
  },
  {
    title: 'copy with struct value',
    given: [structField, field2],
    ...one,
    operation: 'copy',
    left: [structField, field2],
    added: [['inserted1', nested, { foo: 'foo-value' }]],
  },
  {
    title: 'move with struct value',
    given: [structField, field2],
    ...one,
    operation: 'move',
    left: [field2],
    added: [['inserted1', nested, { foo: 'foo-value' }]],
  },
  {
    title: 'two headers from same field',
    given: [field1, field2],
    fields: 'field1,field1',
    headers: 'inserted1,inserted2',
    operation: 'move',
    left: [field2],
    added: [inserted, ['inserted2', string, 'field1-value']],
  },
  {
    title: 'two fields to same header',
    given: [field1, field2],
    fields: 'field1,field2',
    headers: 'inserted1,inserted1',
    operation: 'move',
    left: [],
    added: [inserted, ['inserted1', string, 'field2-value']],
  },
  {
    title: 'Copy null field without default',
    given: nullable,
    ...two,
    operation: 'copy',
    replaceNull: 'false',
    left: nullable,
    added: fromNullable,
  },
  {
    title: 'Move null field without default',
    given: nullable,
    ...two,
    operation: 'move',
    replaceNull: 'false',
    left: [],
    added: fromNullable,
  },
]

const schemaOf = (members: readonly Member[]): Schema => struct(members.map(([name, schema]) => ({ name, schema })))
const valueOf = (members: readonly Member[]): object =>
  Object.fromEntries(members.map(([name, , value]) => [name, value]))

for (const isKey of [true, false])
  for (const hasSchema of [true, false])
    for (const { title, given, fields, headers, operation, replaceNull = 'true', left, before, added } of cases)
      test(`${hasSchema ? 'withSchema' : 'schemaless'}: ${title} of the ${isKey ? 'key' : 'value'}`, () => {
        const headerOf = ([key, schema, value]: Member): Header => ({ key, schema: hasSchema ? schema : null, value })
        const earlier = headerOf(before ?? ['header1', string, 'existing-value'])
        const whole = (members: readonly Member[], all: readonly Header[]) => {
          const schema = hasSchema ? schemaOf(members) : null
          const value = valueOf(members)
          return isKey
            ? record('value', null, { headers: all, key: value, keySchema: schema })
            : record(value, schema, { headers: all, key: 'key' })
        }
        const from = transform(`HeaderFrom$${isKey ? 'Key' : 'Value'}`, {
          fields,
          headers,
          operation,
          'replace.null.with.default': replaceNull,
        })
        assert.deepEqual(from.apply(whole(given, [earlier])), whole(left, [earlier, ...added.map(headerOf)]))
      })

for (const [name, fields, headers] of [
  ['invalidConfigExtraHeaderConfig', 'foo', 'foo,bar'],
  ['invalidConfigExtraFieldConfig', 'foo,bar', 'foo'],
] as const)
  test(`${name}: there must be as many headers as fields`, () => {
    for (const part of ['Key', 'Value'])
      assert.throws(
        () => transform(`HeaderFrom$${part}`, { fields, headers, operation: 'copy' }),
        /'fields' config must have the same number of elements as 'headers' config\./,
      )
  })

test('invalidConfigEmptyHeadersAndFieldsConfig: empty lists are refused', () => {
  for (const part of ['Key', 'Value'])
    assert.throws(
      () => transform(`HeaderFrom$${part}`, { fields: '', headers: '', operation: 'copy' }),
      /Invalid value \[\] for configuration fields: Empty list\nInvalid value \[\] for configuration headers: Empty list/,
    )
})

test('a missing field gives a null header without schema and is an error with one', () => {
  const from = transform('HeaderFrom$Value', { fields: 'x', headers: 'h', operation: 'copy' })
  assert.deepEqual(from.apply(record({ a: 1 }))?.headers, [{ key: 'h', schema: null, value: null }])
  assert.throws(() => from.apply(record({ a: 'b' }, struct({ a: string }))), /Unknown field: x/)
  assert.throws(
    () => from.apply(record(null)),
    /Only Map objects supported in absence of schema for \[header copy\], found: null/,
  )
})
