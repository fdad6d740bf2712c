import assert from 'node:assert/strict'
import { test } from 'node:test'
import { datePatternFault, JavaDateFormat } from '../../../src/transforms/date-format/java-date-format.ts'

const now = Date.UTC(2026, 10, 25)
const moment = Date.UTC(2024, 1, 5, 13, 7, 9, 42)
const format = (pattern: string, ms: number | bigint = moment): string => new JavaDateFormat(pattern, now).format(ms)
const parse = (pattern: string, text: string): number | null => new JavaDateFormat(pattern, now).parse(text)
const iso = (pattern: string, text: string): string | null => {
  const ms = parse(pattern, text)
  return ms === null ? null : new Date(ms).toISOString().replace('.000Z', 'Z')
}

// Expected texts and moments are what java.text.SimpleDateFormat gave for en-US and UTC, but for the one before 1582.

test('letters are printed as Java prints them', () => {
  const cases: [pattern: string, text: string][] = [
    ['yyyy-MM-dd HH:mm:ss.SSS', '2024-02-05 13:07:09.042'],
    ['y yy yyy yyyyy', '2024 24 2024 02024'],
    ['M MM MMM MMMM L LLL', '2 02 Feb February 2 Feb'],
    ['d dd D DDD F u', '5 05 36 036 1 1'],
    ['E EEE EEEE', 'Mon Mon Monday'],
    ['h hh K k H a', '1 01 1 13 13 PM'],
    ['S SSSSSS', '42 000042'],
    ['z zzzz Z X XX XXX', 'UTC Coordinated Universal Time +0000 Z Z Z'],
    ['w W YYYY G', '6 2 2024 AD'],
    ["yyyy'T'HH 'o''clock' ''", "2024T13 o'clock '"],
    ['', ''],
  ]
  for (const [pattern, text] of cases) assert.equal(format(pattern), text, pattern)
  assert.equal(format('h K k H a', 0), '12 0 24 0 AM')
})

test('weeks begin on Sunday and count to the year that most of them may not lie in', () => {
  assert.equal(format('YYYY-ww yyyy-MM-dd', Date.UTC(2024, 11, 29)), '2025-01 2024-12-29')
  assert.equal(format('YYYY-ww', Date.UTC(2024, 11, 28)), '2024-52')
  assert.equal(format('YYYY-ww', Date.UTC(2023, 0, 1)), '2023-01')
})

test('years beyond those of a JavaScript date are printed, and those before Christ by their era', () => {
  assert.equal(format('yyyy-MM-dd HH:mm:ss.SSS', 9223372036854775807n), '292278994-08-17 07:12:55.807')
  assert.equal(format('yyyy-MM-dd', 253_402_300_800_000), '10000-01-01')
  assert.equal(format('yyyy G', Date.UTC(-43, 2, 15)), '0044 BC')
})

test('texts are read by everyday patterns', () => {
  const cases: [pattern: string, text: string, expected: string | null][] = [
    ['yyyy-MM-dd', '2024-02-05', '2024-02-05T00:00:00Z'],
    ['yyyyMMddHHmmssSSS', '20240205130709042', '2024-02-05T13:07:09.042Z'],
    ["yyyy-MM-dd'T'HH:mm:ss.SSS'Z'", '2024-02-05T13:07:09.042Z', '2024-02-05T13:07:09.042Z'],
    ["yyyy-MM-dd'T'HH:mm:ssXXX", '2024-02-05T13:07:09+02:00', '2024-02-05T11:07:09Z'],
    ["yyyy-MM-dd'T'HH:mm:ssXXX", '2024-02-05T13:07:09Z', '2024-02-05T13:07:09Z'],
    ['yyyy-MM-dd HH:mm:ss Z', '2024-02-05 13:07:09 -0130', '2024-02-05T14:37:09Z'],
    ['yyyy-MM-dd HH:mm X', '2024-02-05 13:07 +01', '2024-02-05T12:07:00Z'],
    ['EEE, dd MMM yyyy HH:mm:ss z', 'Mon, 05 feb 2024 13:07:09 GMT', '2024-02-05T13:07:09Z'],
    ['yyyy-MM-dd HH:mm:ss z', '2024-02-05 13:07:09 PST', '2024-02-05T21:07:09Z'],
    ['yyyy-MM-dd HH:mm:ss z', '2024-02-05 13:07:09 GMT+1:30', '2024-02-05T11:37:09Z'],
    ['EEEE d MMMM yyyy', 'Monday 5 February 2024', '2024-02-05T00:00:00Z'],
    ['MM/dd/yyyy hh:mm a', '02/05/2024 12:30 AM', '2024-02-05T00:30:00Z'],
    ['MM/dd/yyyy hh:mm a', '02/05/2024 01:30 pm', '2024-02-05T13:30:00Z'],
    ['kk:mm', '24:10', '1970-01-01T00:10:00Z'],
    ['yyyy-DDD', '2024-060', '2024-02-29T00:00:00Z'],
    ["YYYY-'W'ww-u", '2024-W06-1', '2024-02-05T00:00:00Z'],
    ['yyyy G', '44 BC', '-000043-01-01T00:00:00Z'],
  ]
  for (const [pattern, text, expected] of cases) assert.equal(iso(pattern, text), expected, `${text} by ${pattern}`)
})

test('reading is as lenient as in Java', () => {
  const cases: [pattern: string, text: string, expected: string | null][] = [
    // Beyond a field's range: carried over.
    ['yyyy-MM-dd', '2024-14-35', '2025-03-07T00:00:00Z'],
    ['HH:mm', '25:61', '1970-01-02T02:01:00Z'],
    // Fewer and more digits than letters, negative numbers, blanks before numbers.
    ['yyyy-MM-dd', '2024-2-5', '2024-02-05T00:00:00Z'],
    ['yyyy-MM-dd', '2024-  02-  05', '2024-02-05T00:00:00Z'],
    ['ss.SSS', '1.5', '1970-01-01T00:00:01.005Z'],
    ['ss.SSS', '1.123456', '1970-01-01T00:02:04.456Z'],
    ['yyyyMMdd', '2024-02-05', '2023-12-02T00:00:00Z'],
    // What follows does not matter; what is missing does.
    ['yyyy-MM-dd', '2024-02-05T10:00', '2024-02-05T00:00:00Z'],
    ['yyyy-MM-dd HH:mm', '2024-02-05', null],
    ['yyyyMMdd', '2024', null],
    ['yyyy-MM-dd', ' x', null],
    ['yyyy-MM-dd', '', null],
    ["yyyy-MM-dd'T'HH:mm:ssZ", '2024-02-05T13:07:09Z', null],
    ['yyyy-MM-dd HH:mm XXX', '2024-02-05 13:07 +0100', null],
    ['EEE', 'Foo', null],
    // A week's year instead of the year: the first day of the first week.
    ['YYYY-MM-dd', '2024-02-05', '2023-12-31T00:00:00Z'],
  ]
  for (const [pattern, text, expected] of cases) assert.equal(iso(pattern, text), expected, `${text} by ${pattern}`)
})

test('numbers of any length are read, as ints', () => {
  for (const [digits, expected] of [
    ['4294967301', 5],
    ['1234567890123456789', 2112454933],
    ['99999999999999999999', 2147483647],
    [`-${'9'.repeat(100_000)}`, -2147483648],
  ] as const)
    assert.equal(parse('S', digits), expected)
  assert.equal(parse('yyyy', '1000000'), 31_494_784_780_800_000)
  assert.ok(Number.isInteger(parse('yyyy MM dd', '99999999999 99999999999 99999999999')))
})

test('two-digit years lie between 80 years ago and 20 years ahead', () => {
  assert.equal(iso('dd/MM/yy', '05/02/24'), '2024-02-05T00:00:00Z')
  assert.equal(iso('dd/MM/yy', '01/01/45'), '2045-01-01T00:00:00Z')
  assert.equal(iso('dd/MM/yy', '01/01/47'), '1947-01-01T00:00:00Z')
  assert.equal(iso('dd/MM/yy', '24/11/46'), '2046-11-24T00:00:00Z')
  assert.equal(iso('dd/MM/yy', '26/11/46'), '1946-11-26T00:00:00Z')
  assert.equal(iso('dd/MM/yyyy', '05/02/24'), '0024-02-05T00:00:00Z')
  assert.equal(iso('dd/MM/yy', '05/02/2024'), '2024-02-05T00:00:00Z')
})

test('what was printed by a whole pattern is read back', () => {
  const pattern = "yyyy-MM-dd'T'HH:mm:ss.SSSXXX"
  for (const ms of [0, -1, moment, 253_402_300_800_000, Date.UTC(1600, 0, 1)])
    assert.equal(parse(pattern, format(pattern, ms)), ms)
})

test('a faulty pattern is refused with what is wrong with it', () => {
  assert.match(datePatternFault('bad-format') ?? '', /Illegal pattern character 'b'/)
  assert.match(datePatternFault("yyyy 'open") ?? '', /Unterminated quote/)
  assert.match(datePatternFault('XXXX') ?? '', /Invalid ISO 8601 format/)
  assert.equal(datePatternFault("yyyy-MM-dd'T'"), undefined)
})
