import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { plainCheck } from '../../../src/connect/config/plain-constraints.ts'
import { config, Type } from '../../../src/connect/index.ts'

const ajv = new Ajv2020({ strict: false })
const word = fc.string({ unit: fc.constantFrom('a', 'b', '😀', '1'), maxLength: 4 })
const some = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined })

const text = fc.record({
  enum: some(fc.array(word, { minLength: 1 })),
  minLength: some(fc.nat({ max: 3 })),
  maxLength: some(fc.nat({ max: 3 })),
  pattern: some(fc.constantFrom('^a', '\\d', '[ab]$')),
})
const small = fc.integer({ min: -3, max: 3 })
const numeric = fc.record({
  minimum: some(small),
  maximum: some(small),
  exclusiveMinimum: some(small),
  exclusiveMaximum: some(small),
})
const listed = fc.record({
  items: text,
  minItems: some(fc.nat({ max: 2 })),
  maxItems: some(fc.nat({ max: 3 })),
  uniqueItems: some(fc.boolean()),
})

const defined = (schema: object): Record<string, unknown> =>
  JSON.parse(JSON.stringify(schema)) as Record<string, unknown>

test('the everyday constraints are checked as a JSON Schema validator checks them', () => {
  const cases = fc.oneof(
    fc.tuple(text, word),
    fc.tuple(numeric, small),
    fc.tuple(listed, fc.array(word, { maxLength: 4 })),
  )
  fc.assert(
    fc.property(cases, ([constraints, value]) => {
      const schema = { importance: 'high', ...defined(constraints) }
      const check = plainCheck(schema)
      assert.ok(check)
      assert.equal(check(value) === null, ajv.validate(schema, value), JSON.stringify([schema, value]))
    }),
    { numRuns: 400 },
  )
})

test('a schema with any other keyword is left to the validator', () => {
  assert.equal(plainCheck({ type: 'string', format: 'uri' }), null)
  assert.equal(plainCheck({ type: 'array', items: { not: { const: 'a' } } }), null)
  const declaration = config({ step: Type.Integer({ multipleOf: 5 }) })
  assert.equal(declaration.parse({ step: '10' }).step, 10)
  assert.throws(
    () => declaration.parse({ step: '7' }),
    /Invalid value 7 for configuration step: Value must be a multiple of 5/,
  )
})
