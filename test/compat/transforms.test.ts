import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import type { SinkRecord } from '../../src/connect/index.ts'
import { jsonConverter } from '../../src/converters/index.ts'
import { JVM } from '../support/apache-kafka.ts'
import { connectLibs, kafkaLibsReason } from '../support/kafka-libs.ts'
import { transform } from '../transforms/support.ts'

// Kafka Connect's own transforms and ours, given the same records by the JSON converter.

const seed = Number(process.env['MILLRACE_SEED'] ?? Date.now())
const CASES = 2000

interface Question {
  readonly class: string
  readonly props: Readonly<Record<string, string>>
  readonly schemas: boolean
  readonly value: string
}

type Answer = Readonly<Record<string, unknown>>

/** A field's schema in the JSON converter's form, with its values in that form. */
interface FieldKind {
  readonly schema: Readonly<Record<string, unknown>>
  readonly value: fc.Arbitrary<unknown>
}

const logical = (type: string, name: string, version = 1): Readonly<Record<string, unknown>> => ({
  type,
  name: `org.apache.kafka.connect.data.${name}`,
  version,
})
const dayMs = 86_400_000
/** After 1970, since before it Kafka Connect loses dates in texts. */
const day = fc.integer({ min: 1, max: 40_000 })

const leaves: readonly FieldKind[] = [
  { schema: { type: 'int8' }, value: fc.integer({ min: -128, max: 127 }) },
  { schema: { type: 'int16' }, value: fc.integer({ min: -32768, max: 32767 }) },
  { schema: { type: 'int32' }, value: fc.integer() },
  {
    schema: { type: 'int64' },
    // Beyond 10^14 seconds Kafka Connect makes wrong days of them, where we refuse; before 1582 it has Julian dates.
    value: fc.oneof(fc.integer({ min: -1e10, max: 1e14 }), fc.integer({ min: -300, max: 300 })),
  },
  // Java before 19 has a digit too many in the text of some numbers, but not of these.
  { schema: { type: 'float' }, value: fc.integer({ min: -80_000, max: 80_000 }).map((eighths) => eighths / 8) },
  {
    schema: { type: 'double' },
    value: fc.oneof(
      fc.integer().map((eighths) => eighths / 8),
      fc.constantFrom(0.5, -3.99, 1e10, -1e300, 1e19, 1e-7),
    ),
  },
  { schema: { type: 'boolean' }, value: fc.boolean() },
  {
    schema: { type: 'string' },
    value: fc.oneof(
      fc.string(),
      fc.constantFrom('12', '-7', '1e3', 'true', 'TRUE', ' 5', '+1', '2024-01-31 10:00', '1.5f', '99999999999'),
    ),
  },
  { schema: { type: 'bytes' }, value: fc.base64String() },
  {
    schema: { ...logical('bytes', 'Decimal'), parameters: { scale: '0' } },
    value: fc.constantFrom('AA==', 'Kg==', '/w=='),
  },
  { schema: logical('int32', 'Date'), value: day },
  { schema: logical('int32', 'Time'), value: fc.integer({ min: 0, max: dayMs - 1 }) },
  {
    schema: logical('int64', 'Timestamp'),
    value: fc
      .tuple(day, fc.nat({ max: dayMs - 1 }), fc.boolean())
      .map(([d, ms, whole]) => d * dayMs + (whole ? 0 : ms)),
  },
  { schema: { type: 'array', items: { type: 'int32', optional: false } }, value: fc.array(fc.integer()) },
]

const names = ['a', 'b', 'c', 'd'] as const

/** A schema and a value of it, in the JSON converter's form; at the top a struct without name or default. */
function structOf(depth: number): fc.Arbitrary<{ schema: Record<string, unknown>; value: unknown }> {
  const field = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...leaves).chain(({ schema, value }) => member(schema, value)) },
    ...(depth > 0
      ? [
          {
            weight: 2,
            arbitrary: structOf(depth - 1).chain((inner) => member(inner.schema, fc.constant(inner.value))),
          },
        ]
      : []),
  )
  return fc.array(field, { minLength: 1, maxLength: names.length }).map((members) => ({
    schema: {
      type: 'struct',
      optional: false,
      fields: members.map(({ schema }, i) => ({ ...schema, field: names[i] })),
    },
    value: Object.fromEntries(members.map(({ value }, i) => [names[i], value])),
  }))
}

function member(
  schema: Readonly<Record<string, unknown>>,
  value: fc.Arbitrary<unknown>,
): fc.Arbitrary<{ schema: Record<string, unknown>; value: unknown }> {
  return fc
    .tuple(fc.constantFrom('required', 'optional', 'default'), value, value, fc.boolean())
    .map(([kind, given, fallback, isNull]) => ({
      schema: {
        ...schema,
        optional: kind !== 'required',
        ...(kind === 'default' && schema['type'] !== 'struct' ? { default: fallback } : {}),
      },
      value: kind !== 'required' && isNull ? null : given,
    }))
}

const json: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  map: fc.dictionary(fc.constantFrom(...names), tie('value'), { noNullPrototype: true }),
  value: fc.oneof(
    { withCrossShrink: true },
    fc.constantFrom(null, true, false, 'text', '12', '2024-01-31 10:00', 7, -300, 1_700_000_000_000, 0.5, -12.25),
    fc.array(fc.integer(), { maxLength: 2 }),
    tie('map'),
  ),
})).map

const field = fc.constantFrom(...names)
const path = fc.constantFrom('a', 'b', 'a.b', 'b.a', 'a.a.a', 'x', '`a`.b')
const fieldList = fc.uniqueArray(field, { minLength: 1, maxLength: 3 })
const flag = fc.constantFrom('true', 'false')
// Not float32: without a schema, JavaScript has no such numbers.
const type = fc.constantFrom('int8', 'int16', 'int32', 'int64', 'float64', 'boolean', 'string')
const K = 'org.apache.kafka.connect.transforms.'

function steps(): fc.Arbitrary<[string, Record<string, string>]> {
  const of = (
    name: string,
    props: Record<string, fc.Arbitrary<string>>,
  ): fc.Arbitrary<[string, Record<string, string>]> => fc.record(props).map((given) => [K + name, given])
  const rnd = { 'replace.null.with.default': flag }
  const joined = fieldList.map((list) => list.join(','))
  return fc.oneof(
    of('Cast$Value', {
      spec: fc
        .tuple(fieldList, fc.array(type, { minLength: 3, maxLength: 3 }))
        .map(([fields, types]) => fields.map((name, i) => `${name}:${types[i]}`).join(',')),
      ...rnd,
    }),
    of('Flatten$Value', { delimiter: fc.constantFrom('.', '_') }),
    of('MaskField$Value', { fields: joined, ...rnd }),
    of('MaskField$Value', { fields: joined, replacement: fc.constantFrom('7', '12.5', '300', 'x'), ...rnd }),
    of('TimestampConverter$Value', {
      field,
      'target.type': fc.constantFrom('string', 'unix', 'Date', 'Time', 'Timestamp'),
      format: fc.constantFrom('yyyy-MM-dd HH:mm', "yyyy-MM-dd'T'HH:mm:ss.SSSX", 'EEE d MMM yy'),
      'unix.precision': fc.constantFrom('seconds', 'milliseconds', 'microseconds'),
      ...rnd,
    }),
    of('ReplaceField$Value', { exclude: joined, renames: fc.constantFrom('', 'a:x', 'a:b,b:a'), ...rnd }),
    of('ReplaceField$Value', { include: joined, renames: fc.constantFrom('', 'a:x', 'a:b,b:a'), ...rnd }),
    of('ExtractField$Value', { field: path, 'field.syntax.version': fc.constantFrom('V1', 'v2'), ...rnd }),
    of('HoistField$Value', { field }),
    of('SetSchemaMetadata$Value', { 'schema.name': fc.constantFrom('n', 'm'), ...rnd }),
    of('SetSchemaMetadata$Value', { 'schema.version': fc.constantFrom('1', '7'), ...rnd }),
    of('HeaderFrom$Value', {
      fields: joined,
      headers: fc.constantFrom('h', 'h,i', 'h,h,j'),
      operation: fc.constantFrom('move', 'copy'),
      ...rnd,
    }),
    of('InsertField$Value', {
      'topic.field': fc.constantFrom('x', 'y!', 'a'),
      'offset.field': fc.constantFrom('z', 'z?'),
      'timestamp.field': fc.constant('ts'),
      ...rnd,
    }),
    of('ValueToKey', { fields: joined, ...rnd }),
    of('InsertHeader', {
      header: fc.constant('h'),
      'value.literal': fc.constantFrom('7', 'true', 'a b', '1.5', '[1,2]'),
    }),
    of('TimestampRouter', { 'timestamp.format': fc.constantFrom('yyyyMMdd', 'YYYY-ww', 'HH') }),
    of('RegexRouter', { regex: fc.constantFrom('ord(.*)', '(x)'), replacement: fc.constantFrom('$1', 'a-$0') }),
  )
}

const question: fc.Arbitrary<Question> = fc
  .tuple(
    steps(),
    fc.oneof(
      structOf(1).map((given) => ({
        schemas: true,
        value: JSON.stringify({ schema: given.schema, payload: given.value }),
      })),
      json.map((given) => ({ schemas: false, value: JSON.stringify(given) })),
    ),
  )
  .map(([[name, props], given]) => ({ class: name, props, ...given }))

async function askKafka(classPath: string, questions: readonly Question[]): Promise<Answer[]> {
  const program = join(import.meta.dirname, '../support/ApplyTransforms.java')
  const flags = [...JVM, '-Duser.timezone=UTC', '-Duser.language=en', '-Duser.country=US']
  const child = spawn('java', [...flags, '-cp', classPath, program], { stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdin.end(questions.map((one) => `${JSON.stringify(one)}\n`).join(''))
  const answers: Answer[] = []
  for await (const line of createInterface({ input: child.stdout })) answers.push(JSON.parse(line) as Answer)
  return answers
}

const converters = [true, false].map((schemas) =>
  jsonConverter.create(
    jsonConverter.config.parse({ 'schemas.enable': String(schemas), 'replace.null.with.default': 'false' }),
    'value',
  ),
)

function ours({ class: name, props, schemas, value }: Question): Answer {
  const [withSchemas, schemaless] = converters
  const converter = (schemas ? withSchemas : schemaless) as NonNullable<typeof withSchemas>
  const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString())
  try {
    const given = converter.toConnectData('t', Buffer.from(value))
    const record: SinkRecord = {
      topic: 'orders',
      kafkaPartition: 3,
      kafkaOffset: 12,
      valueSchema: given.schema,
      value: given.value,
      timestamp: 1_700_000_000_123,
      timestampType: 'CreateTime',
      originalTopic: 'orders',
      originalKafkaPartition: 3,
      originalKafkaOffset: 12,
    }
    const changed = transform(name.slice(K.length), props).apply(record)
    if (changed === null) return {}
    return {
      topic: changed.topic,
      key: text(converter.fromConnectData('t', changed.keySchema ?? null, changed.key ?? null)),
      value: text(converter.fromConnectData('t', changed.valueSchema ?? null, changed.value ?? null)),
      headers: (changed.headers ?? []).map(({ key, schema, value: header }) => [
        key,
        text(converter.fromConnectData('t', schema, header)),
      ]),
    }
  } catch (error) {
    return { error: (error as Error).message }
  }
}

/** Members of schemaless maps come in any order; everything else must be the same text. */
function comparable(answer: Answer, schemas: boolean): unknown {
  if ('error' in answer) return 'error'
  if (schemas) return answer
  const parsed = (text: unknown): unknown => (typeof text === 'string' ? JSON.parse(text) : text)
  const headers = (answer['headers'] as [string, unknown][]).map(([key, value]) => [key, parsed(value)])
  return { ...answer, key: parsed(answer['key']), value: parsed(answer['value']), headers }
}

test("transforms give the records that Kafka Connect's own give", { timeout: 240_000 }, async (t) => {
  const classPath = await connectLibs()
  if (classPath === null) return t.skip(kafkaLibsReason())
  t.diagnostic(`seed ${seed}`)
  const questions = fc.sample(question, { seed, numRuns: CASES })
  const answers = await askKafka(classPath, questions)
  assert.equal(answers.length, questions.length)
  const differences: unknown[] = []
  let good = 0
  for (const [i, one] of questions.entries()) {
    const kafkas = answers[i] as Answer
    const mine = ours(one)
    if (!('error' in kafkas)) good++
    if (!isDeepStrictEqual(comparable(mine, one.schemas), comparable(kafkas, one.schemas)))
      differences.push({ one, mine, kafkas })
  }
  assert.equal(differences.length, 0, JSON.stringify(differences.slice(0, 3), null, 1))
  assert.ok(good > CASES / 3, `only ${good} of ${CASES} records came through Kafka's transforms`)
})
