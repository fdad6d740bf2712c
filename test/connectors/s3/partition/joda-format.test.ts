import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compilePathFormat } from '../../../../connectors/s3/partition/joda-format.ts'

const local = { localMs: Date.UTC(2026, 2, 9, 4, 5, 6, 78), offsetMs: 19_800_000, zone: 'Asia/Kolkata' }

const expected: Readonly<Record<string, string>> = {
  "'year'=YYYY/'month'=MM/'day'=dd/'hour'=HH": 'year=2026/month=03/day=09/hour=04',
  'yyyy-MM-dd': '2026-03-09',
  'YY.yy': '26.26',
  'M/d H:m:s': '3/9 4:5:6',
  'HHmmss.SSS': '040506.078',
  'S SS SSSS': '0 07 0780',
  "'it''s' ''yyyy''": "it's '2026'",
  "yyyy'open": '2026open',
  "''": "'",
  'EEE EEEE e': 'Mon Monday 1',
  'MMM MMMM': 'Mar March',
  'D DDD': '68 068',
  "xxxx-'W'ww": '2026-W11',
  'hh a K k': '04 AM 4 4',
  'Z ZZ ZZZ': '+0530 +05:30 Asia/Kolkata',
  'G C': 'AD 20',
  yyyyyy: '002026',
}

for (const [pattern, text] of Object.entries(expected)) {
  test(`the pattern ${pattern} gives ${text}`, () => assert.equal(compilePathFormat(pattern, 'en')(local), text))
}

test('YYYY is the year of the era and xxxx that of the week', () => {
  const newYear = { ...local, localMs: Date.UTC(2027, 0, 1) }
  assert.equal(compilePathFormat("YYYY xxxx 'W'ww", 'en')(newYear), '2027 2026 W53')
})

test('names of months and days follow the locale', () => {
  assert.equal(compilePathFormat('EEEE MMMM', 'de')(local), 'Montag März')
  assert.equal(compilePathFormat('MMMM', 'fr_FR')(local), 'mars')
})

test('letters that mean nothing are refused by name', () => {
  assert.throws(() => compilePathFormat('year=YYYY', 'en'), /Illegal pattern component: r/)
  assert.throws(() => compilePathFormat('QQ', 'en'), /Illegal pattern component: QQ; text must stand in single quotes/)
})
