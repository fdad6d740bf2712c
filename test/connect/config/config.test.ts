import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type as TypeBox } from 'typebox'
import {
  classRef,
  config,
  list,
  long,
  password,
  prefixed,
  short,
  Type,
  withoutPrefix,
} from '../../../src/connect/index.ts'
import type { ConfigDeclaration, PropsOf } from '../../../src/connect/index.ts'
import { ConfigError } from '../../../src/connect/errors.ts'

const declaration = config({
  name: Type.String({ importance: 'high', description: 'A name.' }),
  'tasks.max': Type.Integer({ default: 1, minimum: 1, group: 'Common', width: 'short', displayName: 'Tasks max' }),
  mode: Type.String({ enum: ['bulk', 'incrementing'], default: 'bulk', group: 'Common' }),
  level: Type.String({ enum: ['None', 'All'], ignoreCase: true, default: 'None' }),
  topics: list({ default: [], uniqueItems: true, items: { type: 'string', minLength: 1 } }),
  ratio: Type.Number({ default: 0.5 }),
  strict: Type.Boolean({ default: false }),
  secret: password({ optional: true, minLength: 3 }),
  'interval.ms': long({ default: null, minimum: 0 }),
  replicas: short({ default: 3 }),
  converter: classRef({ optional: true }),
})

const errorsOf = (
  d: ConfigDeclaration<unknown>,
  props: Record<string, string | null>,
): Record<string, readonly string[]> =>
  Object.fromEntries(
    d
      .validate(props)
      .filter(({ errors }) => errors.length > 0)
      .map(({ name, errors }) => [name, errors]),
  )

test('texts become typed values and absent keys their defaults', () => {
  const props = declaration.parse({
    name: '  orders ',
    'tasks.max': ' 4',
    strict: 'TRUE',
    topics: 'a , b,c',
    extra: 'x',
  })
  const typed: PropsOf<typeof declaration> = props
  const mode: 'bulk' | 'incrementing' = props.mode
  const interval: number | null = props['interval.ms']
  assert.deepEqual(
    { ...typed, mode, interval },
    {
      name: 'orders',
      'tasks.max': 4,
      mode: 'bulk',
      level: 'None',
      topics: ['a', 'b', 'c'],
      ratio: 0.5,
      strict: true,
      secret: null,
      'interval.ms': null,
      replicas: 3,
      converter: null,
      interval: null,
    },
  )
})

test('an empty list text is an empty list and a trailing comma an empty entry', () => {
  assert.deepEqual(declaration.parse({ name: 'n', topics: ' ' }).topics, [])
  assert.deepEqual(errorsOf(declaration, { name: 'n', topics: 'a,' }), {
    topics: ["Configuration 'topics' values must not be empty."],
  })
})

test('a missing required key is named once when its validator accepts null', () => {
  assert.deepEqual(errorsOf(declaration, {}), {
    name: ['Missing required configuration "name" which has no default value.'],
  })
})

test('a missing required key is named twice when its validator says something of having no value', () => {
  const casts = config({ spec: list({ ifMissing: 'At least one is needed' }) })
  const complaint = 'Invalid value null for configuration spec: At least one is needed'
  assert.deepEqual(errorsOf(casts, {}), {
    spec: ['Missing required configuration "spec" which has no default value.', complaint],
  })
  assert.deepEqual(errorsOf(casts, { spec: null }), { spec: [complaint] })
  assert.deepEqual(errorsOf(casts, { spec: 'a' }), {})
  assert.ok(!JSON.stringify(casts.schema).includes('ifMissing'))
})

test('an unparsable value is reported and its validator then complains about null as in Kafka', () => {
  assert.deepEqual(
    errorsOf(declaration, {
      name: 'n',
      'tasks.max': 'x',
      replicas: '40000',
      'interval.ms': 'y',
      ratio: '0x',
      strict: 'yes',
    }),
    {
      'tasks.max': [
        'Invalid value x for configuration tasks.max: Not a number of type INT',
        'Invalid value null for configuration tasks.max: Value must be non-null',
      ],
      replicas: ['Invalid value 40000 for configuration replicas: Not a number of type SHORT'],
      'interval.ms': ['Invalid value y for configuration interval.ms: Not a number of type LONG'],
      ratio: ['Invalid value 0x for configuration ratio: Not a number of type DOUBLE'],
      strict: ['Invalid value yes for configuration strict: Expected value to be either true or false'],
    },
  )
})

test('constraints give the messages of Kafka', () => {
  assert.deepEqual(errorsOf(declaration, { name: 'n', 'tasks.max': '0', mode: 'Bulk', level: 'some', topics: 'a,a' }), {
    'tasks.max': ['Invalid value 0 for configuration tasks.max: Value must be at least 1'],
    mode: ['Invalid value Bulk for configuration mode: String must be one of: bulk, incrementing'],
    level: ['Invalid value some for configuration level: String must be one of (case insensitive): None, All'],
    topics: ["Configuration 'topics' values must not be duplicated."],
  })
})

test('a case-blind enumeration gives the declared spelling', () => {
  assert.equal(declaration.parse({ name: 'n', level: 'aLL' }).level, 'All')
})

test('passwords never appear in messages or answers', () => {
  const values = declaration.validate({ name: 'n', secret: 'pw' })
  const secret = values.find(({ name }) => name === 'secret')
  assert.equal(secret?.value, '[hidden]')
  assert.deepEqual(secret?.errors, [
    'Invalid value [hidden] for configuration secret: String must have at least 3 characters',
  ])
  assert.throws(
    () => declaration.parse({ name: 'n', secret: 'pw' }),
    (error: Error) => !error.message.includes('pw'),
  )
})

test('parse names every faulty key', () => {
  assert.throws(
    () => declaration.parse({ 'tasks.max': '0' }),
    (error) =>
      error instanceof ConfigError &&
      Object.keys(error.errors).sort().join() === 'name,tasks.max' &&
      error.message.includes('Missing required configuration "name"'),
  )
})

test('null is no value for a key that needs one', () => {
  assert.deepEqual(errorsOf(declaration, { name: null, 'interval.ms': null }), {
    name: ['Invalid value null for configuration name: Value must be non-null'],
  })
})

test('definitions are what REST shows', () => {
  assert.deepEqual(declaration.keys.get('tasks.max'), {
    name: 'tasks.max',
    type: 'INT',
    required: false,
    defaultValue: '1',
    importance: 'MEDIUM',
    documentation: '',
    group: 'Common',
    orderInGroup: 1,
    width: 'SHORT',
    displayName: 'Tasks max',
    dependents: [],
    recommendedValues: [],
  })
  assert.equal(declaration.keys.get('mode')?.orderInGroup, 2)
  assert.equal(declaration.keys.get('name')?.required, true)
  assert.equal(declaration.keys.get('name')?.orderInGroup, -1)
  assert.deepEqual(
    ['secret', 'interval.ms', 'replicas', 'converter', 'topics', 'ratio', 'strict'].map(
      (key) => declaration.keys.get(key)?.type,
    ),
    ['PASSWORD', 'LONG', 'SHORT', 'CLASS', 'LIST', 'DOUBLE', 'BOOLEAN'],
  )
  assert.equal(declaration.keys.get('ratio')?.defaultValue, '0.5')
  assert.equal(declaration.keys.get('interval.ms')?.defaultValue, null)
})

test('a check of the author runs on good values only and is reported like the rest', () => {
  const checked = config({ regex: Type.String({ check: (text) => (text === '(' ? 'Invalid regex' : undefined) }) })
  assert.deepEqual(errorsOf(checked, { regex: '(' }), {
    regex: ['Invalid value ( for configuration regex: Invalid regex'],
  })
  assert.equal(checked.parse({ regex: 'a' }).regex, 'a')
})

test('a prefixed declaration reads prefixed keys and names them in full', () => {
  const inner = prefixed(
    config({ field: Type.String(), size: Type.Integer({ default: 2, minimum: 1 }) }),
    'transforms.a.',
    'Transforms: a',
  )
  assert.deepEqual(inner.parse({ 'transforms.a.field': 'x', field: 'wrong' }), { field: 'x', size: 2 })
  assert.deepEqual(errorsOf(inner, { 'transforms.a.size': '0' }), {
    'transforms.a.field': ['Missing required configuration "transforms.a.field" which has no default value.'],
    'transforms.a.size': ['Invalid value 0 for configuration transforms.a.size: Value must be at least 1'],
  })
  assert.equal(inner.keys.get('transforms.a.field')?.group, 'Transforms: a')
  assert.deepEqual(withoutPrefix({ 'transforms.a.field': 1, other: 2, 'transforms.a.': 3 }, 'transforms.a.'), {
    field: 1,
  })
})

test('schemas made by TypeBox are taken as they are', () => {
  const foreign = config({
    url: TypeBox.String({ format: 'uri', importance: 'low' }),
    n: TypeBox.Integer({ default: 7 }),
  })
  const { url, n }: { url: string; n: number } = foreign.parse({ url: 'http://a/b' })
  assert.deepEqual([url, n], ['http://a/b', 7])
  assert.deepEqual(errorsOf(foreign, { url: 'no uri' }), {
    url: ['Invalid value no uri for configuration url: String must be a valid uri'],
  })
})

test('integers at the ends of 64 bits are accepted and beyond them refused', () => {
  const values = declaration.validate({ name: 'n', 'interval.ms': '9223372036854775807' })
  assert.equal(values.find(({ name }) => name === 'interval.ms')?.value, '9223372036854775807')
  assert.match(
    errorsOf(declaration, { name: 'n', 'interval.ms': '9223372036854775808' })['interval.ms']?.[0] ?? '',
    /LONG/,
  )
})

test('signs and leading zeros are as Java takes them, and endless digits are refused at once', () => {
  const n = config({ n: Type.Integer() })
  assert.deepEqual(
    ['+7', '-0007', ' 0 '].map((text) => n.parse({ n: text }).n),
    [7, -7, 0],
  )
  for (const text of ['1'.repeat(1_000_000), '', '1.0', '0x1', '1 2'])
    assert.throws(() => n.parse({ n: text }), /Not a number of type INT/)
  assert.deepEqual(config({ l: list() }).parse({ l: `a${' '.repeat(100_000)}b , c` }).l, [
    `a${' '.repeat(100_000)}b`,
    'c',
  ])
})
