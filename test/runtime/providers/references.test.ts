import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hasReference, referencesOf, replaceReferences } from '../../../src/runtime/providers/references.ts'

/** As Kafka finds them. */
const expression = /\$\{([^}]*?):(?:([^}]*?):)?([^}]*?)\}/g
const text = fc.string({ unit: fc.constantFrom('$', '{', '}', ':', 'a', '${', '\n'), maxLength: 30 })

test('the references in a text are those that the expression of Kafka finds', () => {
  fc.assert(
    fc.property(text, (given) => {
      const expected = [...given.matchAll(expression)].map(([whole, alias = '', path = '', key = '']) => ({
        text: whole,
        alias,
        path,
        key,
      }))
      assert.deepEqual(referencesOf(given), expected)
      assert.equal(hasReference(given), expected.length > 0)
      assert.equal(
        replaceReferences(given, ({ key }) => (key === '' ? undefined : `<${key}>`)),
        given.replace(expression, (whole, _alias, _path, key: string) => (key === '' ? whole : `<${key}>`)),
      )
    }),
    { numRuns: 5_000 },
  )
})

test('a long text without an end is looked through at once', () => {
  const began = performance.now()
  for (const given of ['${'.repeat(500_000), `\${${':'.repeat(1_000_000)}`, `${'${a}'.repeat(250_000)}:`])
    assert.equal(hasReference(given), false)
  assert.ok(performance.now() - began < 5_000)
})
