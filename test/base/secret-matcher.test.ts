import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Reach, SecretMatcher } from '../../src/base/secret-matcher.ts'

function matcher(reach: Reach, ...texts: string[]): SecretMatcher {
  return new SecretMatcher(texts.map((text) => ({ text, reach })))
}

test('secrets that overlap are hidden together, those side by side each by itself', () => {
  const secrets = matcher('anywhere', 'abcd', 'cdefgh', 'hunter', 'hunter2-and-more')
  assert.equal(secrets.hide('x abcdefgh y'), 'x [hidden] y')
  assert.equal(secrets.hide('abcdabcd hunter hunter2-and-more'), '[hidden][hidden] [hidden] [hidden]')
})

test('a word is not hidden within longer ones', () => {
  const secrets = matcher('word', 'prod', '5432')
  assert.equal(
    secrets.hide('prod product prod-1 (prod) 15432 5432'),
    '[hidden] product [hidden]-1 ([hidden]) 15432 [hidden]',
  )
})

test('short texts are hidden where they stand as whole values', () => {
  const secrets = matcher('quoted', 'ab1', 'x', '$.*')
  const line = JSON.stringify({ msg: JSON.stringify({ password: 'ab1', other: 'x1', re: '$.*' }) })
  assert.equal(
    secrets.hide(`${line} password=ab1, p='x' x ab1 ab1=2`),
    `${JSON.stringify({ msg: JSON.stringify({ password: '[hidden]', other: 'x1', re: '[hidden]' }) })} password=[hidden], p='[hidden]' x ab1 ab1=2`,
  )
})

test('encoded for URLs and forms, as base64, and line by line they are hidden too', () => {
  const secret = 'p@ss word/+&1'
  const secrets = matcher('anywhere', secret, '-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\n-----END KEY-----')
  const params = new URLSearchParams({ secret })
  const shown = secrets.hide(
    [encodeURIComponent(secret), params, Buffer.from(secret).toString('base64'), 'at MIIEvQIBADANBgkqhkiG9w0'].join(
      ' ',
    ),
  )
  assert.equal(shown, '[hidden] secret=[hidden] [hidden] at [hidden]')
})

test('what is deleted is shown again, and nothing else', () => {
  const secrets = matcher('anywhere', 'first-secret', 'first-other')
  secrets.delete({ text: 'first-secret', reach: 'anywhere' })
  assert.equal(secrets.hide('first-secret first-other'), 'first-secret [hidden]')
})

test('no secret survives in any text, however deep in JSON it stands', () => {
  // Of letters that \u escapes and JSON escapes concern, and others.
  const secret = fc.string({
    unit: fc.constantFrom('a', 'b', '"', '\\', '\n', 'é', '1', ' '),
    minLength: 4,
    maxLength: 12,
  })
  fc.assert(
    fc.property(fc.array(secret, { minLength: 1, maxLength: 5 }), fc.string(), fc.nat(3), (secrets, around, depth) => {
      const hide = matcher('anywhere', ...secrets)
      for (const one of secrets) {
        let text = `<${one}>`
        for (let i = 0; i < depth; i++) text = JSON.stringify({ [around]: text })
        let shown = hide.hide(text)
        for (let i = 0; i < depth && shown.startsWith('{'); i++) {
          try {
            shown = Object.values(JSON.parse(shown) as Record<string, string>)[0] ?? ''
          } catch {
            break
          }
        }
        assert.ok(!shown.includes(one), shown)
      }
    }),
  )
})
