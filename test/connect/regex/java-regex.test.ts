import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JavaRegex, javaRegexFault } from '../../../src/connect/index.ts'

test('the whole text must match, as with Java matches', () => {
  const regex = new JavaRegex('a|ab')
  assert.deepEqual(
    ['a', 'ab', 'abc', 'xa', ''].map((text) => regex.matches(text)),
    [true, true, false, false, false],
  )
  assert.equal(regex.finds('xab'), true)
})

test('what Java writes differently is translated', () => {
  const cases: [string, string[], string[]][] = [
    ['(?i)orders', ['ORDERS', 'orders'], ['order']],
    ['((?i)a|b)c', ['Ac', 'Bc'], ['aC']],
    ['(?i:a)b', ['Ab'], ['aB']],
    ['\\Qa.b\\E.', ['a.bx'], ['axbx']],
    ['\\p{Alpha}+\\p{Digit}', ['ab1'], ['é1']],
    ['\\pL+', ['é'], ['1']],
    ['\\p{IsLatin}', ['é'], ['я']],
    ['\\P{Lower}', ['A'], ['a']],
    ['[a-z&&[^b]]+', ['acd'], ['abc']],
    ['[a-c[x-z]]+', ['axz'], ['m']],
    ['[\\w.-]+', ['a.b-c_1'], ['a b']],
    ['[(){}|/]+', ['(){}|/'], ['x']],
    ['[^\\s]+', ['abc'], ['a b']],
    ['[]a]+', [']a'], ['b']],
    ['[a-]+', ['a-'], ['b']],
    ['\\Aab\\z', ['ab'], ['b']],
    ['\\x41\\u0042\\x{1F600}\\0101', ['AB😀A'], ['AB']],
    ['a/b-c_d', ['a/b-c_d'], ['ab']],
    ['\\h\\R', ['\t\r\n'], ['\n\n']],
    ['(?<x>a)\\k<x>', ['aa'], ['ab']],
    ['(a)\\1', ['aa'], ['ab']],
    ['a{2,3}?', ['aa', 'aaa'], ['a']],
    ['a}]', ['a}]'], ['a']],
    ['.*[\\-\\.]internal', ['x-internal', 'x.internal'], ['xinternal']],
    ['(?!__).*', ['orders'], ['__x']],
  ]
  for (const [pattern, yes, no] of cases) {
    const regex = new JavaRegex(pattern)
    for (const text of yes) assert.equal(regex.matches(text), true, `${pattern} should match ${JSON.stringify(text)}`)
    for (const text of no)
      assert.equal(regex.matches(text), false, `${pattern} should not match ${JSON.stringify(text)}`)
  }
})

test('faults are told in a sentence that shows the pattern', () => {
  for (const [pattern, reason] of [
    ['(', /unclosed group/],
    [')', /unmatched closing/],
    ['[a', /unclosed character class/],
    ['*a', /Invalid regex/],
    ['.*+', /possessive/],
    ['(?>a)', /atomic/],
    ['a(?i)b', /flags are only supported at the start/],
    ['\\y', /escape sequence/],
    ['a\\', /backslash at the end/],
    ['{', /repetition/],
    ['\\p{InGreek}', /property/],
    ['(?x)a', /flags/],
  ] as const)
    assert.match(javaRegexFault(pattern) ?? '', reason, pattern)
  assert.equal(javaRegexFault('a.*'), undefined)
})

test('replacements know groups by number and name, and escapes', () => {
  const replace = (pattern: string, text: string, replacement: string): string =>
    new JavaRegex(pattern).replaceFirst(text, replacement)
  assert.equal(replace('(.*)-(.*)', 'db-orders', '$2_$1'), 'orders_db')
  assert.equal(replace('(?<db>.*)-.*', 'db-orders', 'x.${db}'), 'x.db')
  assert.equal(replace('(a)b', 'ab', '$10'), 'a0')
  assert.equal(replace('(a)|(b)', 'b', '[$1]'), '[]')
  assert.equal(replace('a', 'a', '\\$1\\\\'), '$1\\')
  assert.equal(replace('a|ab', 'ab', 'x'), 'xb')
  assert.equal(replace('x', 'ab', 'y'), 'ab')
  assert.throws(() => replace('a', 'a', '$1'), /No group 1/)
  assert.throws(() => replace('a', 'a', '${n}'), /No group with name/)
  assert.throws(() => replace('a', 'a', '$'), /Illegal group reference/)
})

test('a replacement is checked against the groups before any text is there', () => {
  const regex = new JavaRegex('(?<db>a)|(b)')
  for (const replacement of ['$1$2', '${db}', 'plain', '\\$9', '$20'])
    assert.equal(regex.replacementFault(replacement), undefined, replacement)
  assert.equal(regex.replacementFault('$3'), 'No group 3')
  assert.match(regex.replacementFault('${x}') ?? '', /No group with name/)
})
