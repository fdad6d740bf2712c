import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  arrayOf,
  date,
  decimal,
  mapOf,
  parseHeaderText,
  primitive,
  type Schema,
  time,
  timestamp,
} from '../../../src/connect/index.ts'

// The cases of Kafka's ValuesTest that concern reading; the results are those of Kafka Connect 4.3.1.

const int8 = primitive('INT8')
const int16 = primitive('INT16')
const int32 = primitive('INT32')
const int64 = primitive('INT64')
const float32 = primitive('FLOAT32')
const float64 = primitive('FLOAT64')
const boolean = primitive('BOOLEAN')
const string = primitive('STRING')
const list: Schema = { type: 'ARRAY', optional: false }
const map: Schema = { type: 'MAP', optional: false }
const blanks = '\n \t \t\n'

const ms = (iso: string): number => Date.parse(iso)
const day = ms('2019-08-23') / 86_400_000
const timeOfDay = ms('1970-01-01T14:34:54.346Z')
const moment = ms('2019-08-23T14:34:54.346Z')

/** The text, or a list of texts with their results; a text alone stays what it is. */
type Case = string | readonly [text: string, schema: Schema | null, value: unknown]

const cases: Readonly<Record<string, readonly Case[]>> = {
  shouldParseEmptyString: [''],
  shouldNotEncounterInfiniteLoop: ['\uffff'],
  shouldNotParseUnquotedEmbeddedMapKeysAsStrings: ['{foo: 3}'],
  shouldNotParseUnquotedEmbeddedMapValuesAsStrings: ['{3: foo}'],
  shouldNotParseUnquotedArrayElementsAsStrings: ['[foo]'],
  shouldNotParseStringsBeginningWithNullAsStrings: ['null=', 'null:1'],
  shouldParseStringsBeginningWithTrueAsStrings: ['true}', 'true,'],
  shouldParseStringsBeginningWithFalseAsStrings: ['false]'],
  shouldParseTrueAsBooleanIfSurroundedByWhitespace: [[`${blanks}true${blanks}`, boolean, true]],
  shouldParseFalseAsBooleanIfSurroundedByWhitespace: [[`${blanks}false${blanks}`, boolean, false]],
  shouldParseNullAsNullIfSurroundedByWhitespace: [[`${blanks}null${blanks}`, null, null]],
  shouldParseBooleanLiteralsEmbeddedInArray: [['[true, false]', arrayOf(boolean), [true, false]]],
  shouldParseBooleanLiteralsEmbeddedInMap: [
    [
      '{true: false, false: true}',
      mapOf(boolean, boolean),
      new Map([
        [true, false],
        [false, true],
      ]),
    ],
  ],
  shouldNotParseAsMapWithoutCommas: ['{6:9 4:20}'],
  shouldNotParseAsArrayWithoutCommas: ['[0 1 2]'],
  shouldParseEmptyMap: [['{}', map, new Map()]],
  shouldParseEmptyArray: [['[]', list, []]],
  shouldNotParseAsMapWithNullKeys: ['{null: 3}'],
  shouldParseNull: [['null', null, null]],
  shouldParseNullMapValues: [['{3: null}', { ...map, keySchema: int8 }, new Map([[3, null]])]],
  shouldParseNullArrayElements: [['[null]', list, [null]]],
  shouldConvertSimpleString: ['simple'],
  shouldConvertStringWithQuotesAndOtherDelimiterCharacters: [
    'three"blind\\"mice',
    "string with delimiters: <>?,./\\=+-!@#$%^&*(){}[]|;':",
  ],
  shouldParseStringOfMapWithStringValuesWithoutWhitespaceAsMap: [
    [
      '{"foo":"123","bar":"baz"}',
      mapOf(string, string),
      new Map([
        ['foo', '123'],
        ['bar', 'baz'],
      ]),
    ],
  ],
  shouldParseStringOfMapWithStringValuesWithWhitespaceAsMap: [
    [
      '{ "foo" : "123", \n"bar" : "baz" } ',
      mapOf(string, string),
      new Map([
        ['foo', '123'],
        ['bar', 'baz'],
      ]),
    ],
  ],
  shouldParseStringOfMapWithShortValuesWithoutWhitespaceAsMap: [
    [
      '{"foo":12345,"bar":0,"baz":-4321}',
      mapOf(string, int16),
      new Map([
        ['foo', 12345],
        ['bar', 0],
        ['baz', -4321],
      ]),
    ],
  ],
  shouldParseStringOfMapWithShortValuesWithWhitespaceAsMap: [
    [
      ' { "foo" :  12345 , "bar" : 0 } ',
      mapOf(string, int16),
      new Map([
        ['foo', 12345],
        ['bar', 0],
      ]),
    ],
  ],
  shouldParseStringOfMapWithIntValuesWithoutWhitespaceAsMap: [
    [
      '{"foo":1234567890,"baz":-987654321}',
      mapOf(string, int32),
      new Map([
        ['foo', 1234567890],
        ['baz', -987654321],
      ]),
    ],
  ],
  shouldParseStringOfMapWithIntValuesWithWhitespaceAsMap: [
    [
      ' { "foo" :  1234567890 , "bar" : 0}  ',
      mapOf(string, int32),
      new Map([
        ['foo', 1234567890],
        ['bar', 0],
      ]),
    ],
  ],
  shouldConvertStringOfListWithOnlyNumericElementTypesIntoListOfLargestNumericType: [
    ['[1, 2, 32768]', arrayOf(int32), [1, 2, 32768]],
  ],
  shouldConvertIntegralTypesToFloat: [
    ['[1, 2, 3.4028235E38]', arrayOf(float32), [1, 2, Math.fround(3.4028235e38)]],
    ['[100000000000, 1.5]', arrayOf(float32), [Math.fround(100000000000), 1.5]],
  ],
  shouldConvertIntegralTypesToDouble: [['[1, 2, 1.7976931348623157E308]', arrayOf(float64), [1, 2, Number.MAX_VALUE]]],
  shouldParseStringListWithMultipleElementTypes: [
    ['[1, 2, 300, "four"]', list, [1, 2, 300, 'four']],
    ['[2, 300, "four", 1]', list, [2, 300, 'four', 1]],
    ['["four", 1, 2, 300]', list, ['four', 1, 2, 300]],
  ],
  shouldParseStringMapWithMultipleKeyTypes: [
    [
      '{1:1, 300:300, "four":1}',
      map,
      new Map<unknown, unknown>([
        [1, 1],
        [300, 300],
        ['four', 1],
      ]),
    ],
    [
      '{"four":1, 1:1}',
      map,
      new Map<unknown, unknown>([
        ['four', 1],
        [1, 1],
      ]),
    ],
  ],
  shouldParseStringMapWithMultipleValueTypes: [
    [
      '{1:1, 300:300, 4:"four"}',
      { ...map, keySchema: int16 },
      new Map<unknown, unknown>([
        [1, 1],
        [300, 300],
        [4, 'four'],
      ]),
    ],
    [
      '{4:"four", 1:1}',
      { ...map, keySchema: int8 },
      new Map<unknown, unknown>([
        [4, 'four'],
        [1, 1],
      ]),
    ],
  ],
  shouldParseNestedArray: [['[[]]', arrayOf(list), [[]]]],
  shouldParseArrayContainingMap: [['[{}]', arrayOf(map), [new Map()]]],
  shouldParseNestedMap: [['{"a":{}}', mapOf(string, map), new Map([['a', new Map()]])]],
  shouldParseMapContainingArray: [['{"a":[]}', mapOf(string, list), new Map([['a', []]])]],
  shouldParseStringListWithExtraDelimitersAndReturnString: ['[1, 2, 3,,,]'],
  shouldParseStringListWithNullLastAsString: ['[1, null]', '["a", null]', '{"b":1, "a":null}'],
  shouldParseStringListWithNullFirstAsString: ['[null, 1]'],
  shouldParseTimestampStringAsTimestamp: [['2019-08-23T14:34:54.346Z', timestamp(), moment]],
  shouldParseDateStringAsDate: [['2019-08-23', date(), day]],
  shouldParseTimeStringAsDate: [['14:34:54.346Z', time(), timeOfDay]],
  shouldParseTimestampStringWithEscapedColonsAsTimestamp: [['2019-08-23T14\\:34\\:54.346Z', timestamp(), moment]],
  shouldParseTimeStringWithEscapedColonsAsDate: [['14\\:34\\:54.346Z', time(), timeOfDay]],
  shouldParseDateStringAsDateInArray: [['[2019-08-23]', arrayOf(date()), [day]]],
  shouldParseTimeStringAsTimeInArray: [['[14:34:54.346Z]', arrayOf(time()), [timeOfDay]]],
  shouldParseTimestampStringAsTimestampInArray: [['[2019-08-23T14:34:54.346Z]', arrayOf(timestamp()), [moment]]],
  shouldParseMultipleTimestampStringAsTimestampInArray: [
    [
      '[2019-08-23T14:34:54.346Z,2019-01-23T15:12:34.567Z,   2019-04-23T19:12:34.567Z]',
      arrayOf(timestamp()),
      [moment, ms('2019-01-23T15:12:34.567Z'), ms('2019-04-23T19:12:34.567Z')],
    ],
  ],
  shouldParseQuotedTimeStringAsTimeInMap: [
    ['{"k1":"14:34:54.346Z"}', mapOf(string, time()), new Map([['k1', timeOfDay]])],
  ],
  shouldParseTimeStringAsTimeInMap: [['{"k1":14:34:54.346Z}', mapOf(string, time()), new Map([['k1', timeOfDay]])]],
  shouldFailToConvertToListFromStringWithNonCommonElementTypeAndBlankElement: ['[1, 2, 3, "four",,,]'],
  shouldFailToParseStringOfMapWithIntValuesWithBlankEntry: ['{ "foo" :  1234567890 ,, "bar" : 0 }'],
  shouldFailToParseStringOfMalformedMap: ['{ "foo" :  1234567890 , "a", "bar" : 0 }'],
  shouldFailToParseStringOfMapWithIntValuesWithOnlyBlankEntries: ['{ ,,  , , }'],
  shouldFailToParseStringOfMapWithIntValuesWithBlankEntries: ['{ "foo" :  "1234567890" ,, "bar" : "0" }'],
  shouldParseStringsWithoutDelimiters: ['  ', 'simple string', "'simple' string", 'si\\mple', 'si\\\\mple'],
  shouldParseStringsWithEscapedDelimiters: ['si\\"mple', 'si\\{mple', 'si\\]mple', 'si\\:mple', 'si\\,mple'],
  shouldParseStringsWithSingleDelimiter: ['a{b', 'a]b', 'a:b', '"b', '{', '}', '[', ']', ':', ',', '"'],
  shouldParseStringsWithMultipleDelimiters: ['"simple" string', 'a{bc}d', 'a { b c } d'],
  shouldNotConvertArrayValuesToDecimal: [
    ['["1.0", 9223372036854775808, 1, 1]', list, ['1.0', '9223372036854775808', 1, 1]],
    ['[1, 9223372036854775808]', list, [1, '9223372036854775808']],
  ],
  shouldParseArrayOfOnlyDecimals: [
    [
      '[9223372036854775808,-9223372036854775809]',
      arrayOf(decimal(0)),
      ['9223372036854775808', '-9223372036854775809'],
    ],
  ],
  shouldParseBigIntegerAsDecimalWithZeroScale: [
    ['9223372036854775808', decimal(0), '9223372036854775808'],
    ['-9223372036854775809', decimal(0), '-9223372036854775809'],
    ['10000000000000000000.0e1', decimal(0), '100000000000000000000'],
    ['1.5e309', decimal(-308), `15${'0'.repeat(308)}`],
  ],
  shouldParseByteAsInt8: [
    ['127', int8, 127],
    ['-128', int8, -128],
    ['+5', int8, 5],
    ['0e500', int8, 0],
  ],
  shouldParseShortAsInt16: [
    ['32767', int16, 32767],
    ['-32768', int16, -32768],
  ],
  shouldParseIntegerAsInt32: [
    ['2147483647', int32, 2147483647],
    ['-2147483648', int32, -2147483648],
  ],
  shouldParseLongAsInt64: [
    ['9223372036854775807', int64, 2n ** 63n - 1n],
    ['-9223372036854775808', int64, -(2n ** 63n)],
  ],
  shouldParseFloatAsFloat32: [
    ['3.4028235E38', float32, Math.fround(3.4028235e38)],
    ['-3.4028235E38', float32, Math.fround(-3.4028235e38)],
    ['1e20', float32, Math.fround(1e20)],
  ],
  shouldParseDoubleAsFloat64: [
    ['1.7976931348623157E308', float64, Number.MAX_VALUE],
    ['-1.7976931348623157E308', float64, -Number.MAX_VALUE],
  ],
  shouldParseFractionalPartsAsIntegerWhenNoFractionalPart: [
    ['1.0', int8, 1],
    ['1.1', float32, Math.fround(1.1)],
    ['300.0', int16, 300],
    ['300.01', float32, Math.fround(300.01)],
    ['66000.0', int32, 66000],
    ['66000.0008', float32, Math.fround(66000.0008)],
  ],
  avoidCpuAndMemoryIssuesConvertingExtremeBigDecimals: [['1e-100000000', float32, 0], '1e+100000000'],
}

for (const [name, texts] of Object.entries(cases)) {
  test(`${name}: header texts are read as Kafka Connect reads them`, () => {
    for (const given of texts) {
      const [text, schema, value] = typeof given === 'string' ? [given, string, given] : given
      assert.deepEqual(parseHeaderText(text), { schema, value }, JSON.stringify(text))
    }
  })
}

test('dates out of range roll over, and what stands behind them does not matter', () => {
  assert.deepEqual(parseHeaderText('2024-13-45'), { schema: date(), value: ms('2025-02-14') / 86_400_000 })
  assert.deepEqual(parseHeaderText('2024-1-1ab'), { schema: date(), value: ms('2024-01-01') / 86_400_000 })
  assert.deepEqual(parseHeaderText('99:99:99.999Z').value, 362_439_999)
})

test('lists of different temporal types have the last one, numbers among dates are days', () => {
  assert.deepEqual(parseHeaderText('[5, 2019-08-23]'), { schema: arrayOf(date()), value: [5, day] })
  const midnight = '[2024-01-02, 2024-01-02T00:00:00.000Z]'
  const value = [ms('2024-01-02'), ms('2024-01-02')]
  assert.deepEqual(parseHeaderText(midnight), { schema: arrayOf(timestamp()), value })
  const text = '[2019-08-23, 100000]'
  assert.deepEqual(parseHeaderText(text), { schema: string, value: text })
})

test('in quotes, backslashes stay and blanks before a delimiter go', () => {
  const texts: [string, unknown][] = [
    ['["a\\"b\\\\c"]', ['a\\"b\\\\c']],
    ['["  "]', ['']],
    ['[" :x"]', [':x']],
    ['["x\\\\"]', ['x\\\\']],
  ]
  for (const [text, value] of texts) assert.deepEqual(parseHeaderText(text), { schema: arrayOf(string), value })
})
