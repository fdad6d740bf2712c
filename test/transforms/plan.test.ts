import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type Converter,
  GrowableBytes,
  type RowBatch,
  type RowPlan,
  rowRecord,
  type RowWriter,
  type SourceRecord,
  type Transform,
} from '../../src/connect/index.ts'
import { jsonConverter } from '../../src/converters/index.ts'
import { castTypes } from '../../src/transforms/cast-value.ts'
import { fieldNames, randomBatch } from '../support/row-batches.ts'
import { transform } from './support.ts'

const someFields = fc.uniqueArray(fc.constantFrom(...fieldNames), { minLength: 1, maxLength: 3 })
const flag = fc.constantFrom('true', 'false')
const part = fc.constantFrom('$Key', '$Value')
const rnd = 'replace.null.with.default'

const transforms: fc.Arbitrary<[string, Record<string, string>]> = fc.oneof(
  fc
    .tuple(part, flag, fc.constantFrom('', '?', '!'), someFields)
    .map(([of, replace, suffix, [first = '']]): [string, Record<string, string>] => [
      `InsertField${of}`,
      {
        'topic.field': `topic${suffix}`,
        'partition.field': `partition${suffix}`,
        'timestamp.field': 'ts?',
        'static.field': first,
        'static.value': 'sta"tic',
        [rnd]: replace,
      },
    ]),
  fc
    .tuple(part, flag, someFields, someFields, someFields)
    .map(([of, replace, exclude, include, renamed]): [string, Record<string, string>] => [
      `ReplaceField${of}`,
      {
        exclude: exclude.length > 2 ? exclude.join(',') : '',
        include: include.length > 1 ? include.join(',') : '',
        renames: renamed.map((name, i) => `${name}:${i === 0 ? 'e' : `new${i}`}`).join(','),
        [rnd]: replace,
      },
    ]),
  fc
    .constantFrom('(.*)', 'or.*', 'x')
    .map((regex): [string, Record<string, string>] => ['RegexRouter', { regex, replacement: 'new-$0' }]),
  fc
    .tuple(flag, someFields)
    .map(([replace, fields]): [string, Record<string, string>] => [
      'ValueToKey',
      { fields: fields.join(','), [rnd]: replace },
    ]),
  fc
    .tuple(part, flag, someFields)
    .map(([of, replace, [field = '']]): [string, Record<string, string>] => [
      `ExtractField${of}`,
      { field, [rnd]: replace },
    ]),
  fc
    .tuple(part, someFields)
    .map(([of, [field = '']]): [string, Record<string, string>] => [`HoistField${of}`, { field }]),
  fc
    .tuple(part, flag, fc.constantFrom({ 'schema.name': 'a.b' }, { 'schema.version': '7' }))
    .map(([of, replace, props]): [string, Record<string, string>] => [
      `SetSchemaMetadata${of}`,
      { ...props, [rnd]: replace },
    ]),
  fc
    .tuple(
      part,
      flag,
      fc.array(fc.tuple(fc.constantFrom(...fieldNames), fc.constantFrom(...castTypes)), { minLength: 1, maxLength: 5 }),
    )
    .map(([of, replace, casts]): [string, Record<string, string>] => [
      `Cast${of}`,
      { spec: casts.map((cast) => cast.join(':')).join(','), [rnd]: replace },
    ]),
  fc
    .tuple(part, flag, someFields, fc.constantFrom({}, { replacement: '12.5' }, { replacement: 'x' }))
    .map(([of, replace, fields, props]): [string, Record<string, string>] => [
      `MaskField${of}`,
      { fields: fields.join(','), ...props, [rnd]: replace },
    ]),
  fc
    .tuple(part, flag, someFields, fc.constantFrom('move', 'copy'))
    .map(([of, replace, fields, operation]): [string, Record<string, string>] => [
      `HeaderFrom${of}`,
      { fields: fields.join(','), headers: fields.map((_, i) => `h${i}`).join(','), operation, [rnd]: replace },
    ]),
  fc
    .tuple(
      part,
      flag,
      fc.constantFrom('', ...fieldNames),
      fc.constantFrom('string', 'unix', 'Date', 'Time', 'Timestamp'),
      fc.constantFrom('seconds', 'milliseconds', 'nanoseconds'),
    )
    .map(([of, replace, field, target, precision]): [string, Record<string, string>] => [
      `TimestampConverter${of}`,
      { field, 'target.type': target, format: 'yyyy-MM-dd HH:mm', 'unix.precision': precision, [rnd]: replace },
    ]),
  fc.constant<[string, Record<string, string>]>(['TimestampRouter', {}]),
  part.map((of): [string, Record<string, string>] => [`Flatten${of}`, { delimiter: '_' }]),
  fc.constantFrom<[string, Record<string, string>]>(
    ['InsertHeader', { header: 'i', 'value.literal': '12' }],
    ['DropHeaders', { headers: 'h' }],
    ['Filter', {}],
  ),
)

function throughPlan(plan: RowPlan, chain: readonly Transform[]): RowPlan | 'dropped' | null {
  let changed = plan
  for (const step of chain) {
    let next: RowPlan | 'dropped' | null
    try {
      next = step.applyToPlan?.(changed) ?? null
    } catch {
      return null
    }
    if (next === null || next === 'dropped') return next
    changed = next
  }
  return changed
}

function written(write: RowWriter, batch: RowBatch, row: number): string {
  const out = new GrowableBytes(4)
  write(out, batch, row)
  return Buffer.from(out.copy()).toString()
}

const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString())

function ordinary(record: SourceRecord, chain: readonly Transform[], converter: Converter): unknown {
  let changed: SourceRecord | null = record
  for (const step of chain) changed = changed === null ? null : step.apply(changed)
  if (changed === null) return null
  const { topic, kafkaPartition, timestamp, keySchema, key, valueSchema, value, headers } = changed
  return {
    topic,
    kafkaPartition,
    timestamp,
    key: text(converter.fromConnectData(topic, keySchema ?? null, key)),
    value: text(converter.fromConnectData(topic, valueSchema ?? null, value)),
    headers: headers ?? [],
  }
}

test('transforms of a plan give the same records as transforms of each row', () => {
  const settings = fc.record({
    'schemas.enable': flag,
    [rnd]: flag,
    'decimal.format': fc.constantFrom('BASE64', 'NUMERIC'),
  })
  let fast = 0
  fc.assert(
    fc.property(randomBatch, fc.array(transforms, { minLength: 1, maxLength: 3 }), settings, (batch, steps, props) => {
      const chain = steps.map(([name, config]) => transform(name, config))
      const converter = jsonConverter.create(jsonConverter.config.parse(props), 'value')
      const plan = throughPlan(batch.plan, chain)
      if (plan === null) return
      if (plan === 'dropped') {
        assert.equal(ordinary(rowRecord(batch, 0), chain, converter), null)
        return
      }
      const writeValue = converter.rowWriter?.(plan.topic, plan.value) ?? null
      const writeKey = plan.key === null ? null : (converter.rowWriter?.(plan.topic, plan.key) ?? null)
      if (writeValue === null || (plan.key !== null && writeKey === null)) {
        assert.throws(
          () => ordinary(rowRecord(batch, 0), chain, converter),
          /null value for field that is required|Invalid type for/,
        )
        return
      }
      fast++
      for (let row = 0; row < batch.rows; row++) {
        let expected: unknown
        try {
          expected = ordinary(rowRecord(batch, row), chain, converter)
        } catch {
          assert.throws(() => [written(writeValue, batch, row), writeKey === null ? '' : written(writeKey, batch, row)])
          continue
        }
        const key = writeKey === null ? null : written(writeKey, batch, row)
        const sent: unknown = {
          topic: plan.topic,
          kafkaPartition: plan.kafkaPartition,
          timestamp: plan.timestamp,
          key,
          value: written(writeValue, batch, row),
          headers: plan.headers ?? [],
        }
        assert.deepEqual(sent, expected)
      }
    }),
    { numRuns: 1500 },
  )
  assert.ok(fast > 300, `only ${fast} of the random chains had a plan`)
})
