import assert from 'node:assert/strict'
import { test } from 'node:test'
import { primitive, struct } from '../../src/connect/index.ts'
import { parseFieldPath } from '../../src/transforms/field-path.ts'
import { applied, transform } from './support.ts'

function hasNames(text: string, ...names: string[]): void {
  assert.deepEqual(parseFieldPath(text, 'V2'), names, text)
}

test('shouldBuildV1WithDotsAndBacktickPair: in V1 the text is one name', () => {
  for (const text of ['foo.bar.baz', 'foo`bar`', 'foo.`bar.baz`']) assert.deepEqual(parseFieldPath(text, 'V1'), [text])
})

test('shouldIncludeEmptyFieldNames: between and around dots there may be nothing', () => {
  hasNames('..', '', '', '')
  hasNames('foo..', 'foo', '', '')
  hasNames('.bar.', '', 'bar', '')
  hasNames('..baz', '', '', 'baz')
})

test('shouldBuildV2WithEmptyPath: an empty text names nothing', () => {
  hasNames('')
})

test('shouldBuildV2WithoutDots: a text without dots is one name', () => {
  hasNames('foobarbaz', 'foobarbaz')
})

test('shouldBuildV2WhenIncludesDots: dots separate names', () => {
  hasNames('foo.bar.baz', 'foo', 'bar', 'baz')
})

test('shouldBuildV2WithoutWrappingBackticks: backticks inside a name are part of it', () => {
  hasNames('foo`bar`baz', 'foo`bar`baz')
})

test('shouldBuildV2WhenIncludesDotsAndBacktickPair: a name in backticks may hold dots', () => {
  hasNames('`foo.bar.baz`', 'foo.bar.baz')
  hasNames('foo.`bar.baz`', 'foo', 'bar.baz')
  hasNames('`foo.bar`.baz', 'foo.bar', 'baz')
  hasNames('foo.`bar`.baz', 'foo', 'bar', 'baz')
})

test('shouldBuildV2AndIgnoreBackticksThatAreNotWrapping: only a backtick before a dot or the end closes', () => {
  hasNames('foo.``bar.baz`', 'foo', '`bar.baz')
  hasNames('foo.`bar.baz``', 'foo', 'bar.baz`')
  hasNames('foo.`ba`r.baz`', 'foo', 'ba`r.baz')
  hasNames('foo.ba`r.baz', 'foo', 'ba`r', 'baz')
  hasNames('foo.``bar``.baz', 'foo', '`bar`', 'baz')
  hasNames('``foo.bar.baz``', '`foo.bar.baz`')
})

test('shouldBuildV2AndEscapeBackticks: a backslash keeps a backtick from closing', () => {
  hasNames('foo.`bar\\`.baz`', 'foo', 'bar`.baz')
  hasNames('foo.`bar.`baz`', 'foo', 'bar.`baz')
  hasNames('foo.`bar\\`.`baz`', 'foo', 'bar`.`baz')
  hasNames('foo.`bar\\\\`.\\`baz`', 'foo', 'bar\\`.\\`baz')
  hasNames('\\`foo', '\\`foo')
})

test('shouldFailV2WhenIncompleteBackticks: a name that is not closed is refused with its place', () => {
  for (const [text, position] of [
    ['`foo.bar.baz', 0],
    ['foo.`bar.baz', 4],
    ['foo.bar.`baz', 8],
    ['foo.bar.`baz\\`', 8],
  ] as const)
    assert.throws(() => parseFieldPath(text, 'V2'), {
      message: `Incomplete backtick pair in path: [${text}], consider adding a backslash before backtick at position ${position} to escape it`,
      errors: {
        field: [
          `Incomplete backtick pair in path: [${text}], consider adding a backslash before backtick at position ${position} to escape it`,
        ],
      },
    })
})

// SingleFieldPath is tested through ExtractField, which is all that uses paths.

const optionalStruct = struct({ inner: primitive('STRING') }, { optional: true })
const nested = struct({ foo: struct({ bar: primitive('INT32'), baz: optionalStruct }) })
const value = { foo: { bar: 42, baz: null } }
const extracted = (field: string, given: unknown, hasSchema: boolean) =>
  applied('ExtractField$Value', { field, 'field.syntax.version': 'V2' }, given, hasSchema ? nested : null)

test('shouldFindField: a path leads to the schema of its field', () => {
  assert.deepEqual(extracted('foo.bar', value, true).schema, primitive('INT32'))
  assert.deepEqual(extracted('foo', value, true).schema, nested.fields?.[0]?.schema)
})

test('shouldReturnNullFieldWhenFieldNotFound: a path that leads nowhere is an error with a schema', () => {
  for (const path of ['un.known', 'foo.unknown', 'unknown'])
    assert.throws(() => extracted(path, value, true), new RegExp(`Unknown field: ${path}`))
  assert.throws(() => extracted('foo.bar.x', value, true), /Cannot look up field x of foo\.bar\.x in a INT32/)
})

test('shouldFindValueInMap: a path leads to a value without a schema', () => {
  assert.equal(extracted('foo.bar', value, false).value, 42)
  assert.equal(extracted('foo.baz', value, false).value, null)
})

test('shouldReturnNullValueWhenFieldNotFoundInMap: a path that leads nowhere gives null without a schema', () => {
  for (const path of ['un.known', 'foo.unknown', 'unknown', 'foo.baz.inner', 'constructor', 'foo.toString'])
    assert.equal(extracted(path, value, false).value, null, path)
  assert.throws(
    () => extracted('foo.bar.x', value, false),
    /Only Map objects supported in absence of schema for \[nested field access\], found: number/,
  )
})

test('shouldFindValueInStruct: a path leads to the value of its field', () => {
  assert.equal(extracted('foo.bar', value, true).value, 42)
  assert.equal(extracted('foo.baz', value, true).value, null)
})

test('shouldReturnNullValueWhenFieldNotFoundInStruct: beyond a null there is null', () => {
  assert.equal(extracted('foo.baz.inner', value, true).value, null)
})

test('shouldGetVersionFromConfig: the version may be written in any case', () => {
  for (const version of ['v2', 'V2'])
    assert.equal(
      applied('ExtractField$Value', { field: 'a.b', 'field.syntax.version': version }, { a: { b: 1 } }).value,
      1,
    )
  for (const version of ['v1', 'V1'])
    assert.equal(
      applied('ExtractField$Value', { field: 'a.b', 'field.syntax.version': version }, { 'a.b': 2 }).value,
      2,
    )
})

test('shouldFailWhenWrongVersionIsPassed: other versions are refused', () => {
  for (const version of ['v3', 'V 1', 'v', 'V 2', '2', '1'])
    assert.throws(() => transform('ExtractField$Value', { field: 'a', 'field.syntax.version': version }), {
      message: `Invalid value ${version} for configuration field.syntax.version: String must be one of (case insensitive): V1, V2`,
    })
})

test('an empty path is refused, an empty name is not', () => {
  assert.throws(
    () => transform('ExtractField$Value', { field: '', 'field.syntax.version': 'V2' }),
    /Invalid value {2}for configuration field: A path must name a field/,
  )
  assert.equal(applied('ExtractField$Value', { field: '' }, { '': 3 }).value, 3)
})

test('nulls on the way are read as defaults, and the last one if that is not turned off', () => {
  const schema = struct({
    foo: struct(
      { bar: primitive('INT32', { optional: true, default: 7 }) },
      { optional: true, default: { bar: null } },
    ),
  })
  for (const [replace, expected] of [
    ['true', 7],
    ['false', null],
  ] as const)
    assert.deepEqual(
      applied(
        'ExtractField$Value',
        { field: 'foo.bar', 'field.syntax.version': 'V2', 'replace.null.with.default': replace },
        { foo: null },
        schema,
      ),
      { schema: primitive('INT32', { optional: true, default: 7 }), value: expected },
    )
})
