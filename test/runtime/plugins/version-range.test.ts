import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareVersions, VersionRange, VersionRangeError } from '../../../src/runtime/plugins/version-range.ts'

test('versions are ordered as Maven orders them', () => {
  const ordered = [
    '0.9',
    '1.0-alpha-1',
    '1.0-b2',
    '1.0-rc1',
    '1.0-SNAPSHOT',
    '1.0',
    '1.0-sp',
    '1.0-custom',
    '1.0.1',
    '1.2',
    '1.10',
    '2',
    '20240101',
  ]
  for (let i = 0; i < ordered.length - 1; i++) {
    const [older, newer] = [ordered[i] as string, ordered[i + 1] as string]
    assert.ok(compareVersions(older, newer) < 0, `${older} before ${newer}`)
    assert.ok(compareVersions(newer, older) > 0, `${newer} after ${older}`)
  }
})

test('trailing zeros and words for a release do not count', () => {
  for (const same of ['1.0', '1.0.0', '1-ga', '1.0-FINAL', '1-release'])
    assert.equal(compareVersions('1', same), 0, same)
})

test('a bare version is that version, in any of its spellings', () => {
  const range = VersionRange.parse('1.2')
  assert.ok(range?.includes('1.2.0'))
  assert.ok(!range?.includes('1.2.1'))
  assert.equal(range?.toString(), '[1.2,1.2]')
})

test('nothing and latest require nothing', () => {
  for (const any of [undefined, null, 'latest']) assert.equal(VersionRange.parse(any), null)
})

test('brackets include their ends, parentheses do not, several sets add up', () => {
  const cases: [range: string, inside: string[], outside: string[]][] = [
    ['[1.0,2.0)', ['1.0', '1.9.9'], ['0.9', '2.0', '2.1']],
    ['(1.0,2.0]', ['1.0.1', '2.0'], ['1.0', '2.0.1']],
    ['[1.5,)', ['1.5', '99'], ['1.4']],
    ['(,1.0]', ['0.1', '1.0'], ['1.0.1']],
    ['(,1.0],[1.2,)', ['1.0', '1.2', '3'], ['1.1']],
    ['[1.3]', ['1.3'], ['1.4']],
  ]
  for (const [text, inside, outside] of cases) {
    const range = VersionRange.parse(text)
    for (const version of inside) assert.ok(range?.includes(version), `${version} in ${text}`)
    for (const version of outside) assert.ok(!range?.includes(version), `${version} not in ${text}`)
  }
})

test('an empty version lies in nothing', () => {
  assert.equal(VersionRange.parse('')?.includes('1'), false)
  assert.equal(VersionRange.parse('')?.toString(), '[,]')
})

test('ranges that make no sense are refused', () => {
  for (const wrong of ['[1.0', '(1.0)', '[2,1]', '[1,1)', '[1,2],3', '1]']) {
    assert.throws(() => VersionRange.parse(wrong), VersionRangeError, wrong)
  }
})
