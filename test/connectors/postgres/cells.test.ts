import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { writeInteger } from '../../../connectors/postgres/cells/ascii.ts'
import { timestampReader } from '../../../connectors/postgres/cells/temporal.ts'
import { textReader } from '../../../connectors/postgres/cells/text.ts'
import { bigIntBytes, type CellReader, GrowableBytes, writeJsonDecimal } from '../../../src/connect/index.ts'

/** What a reader writes for a cell that has other bytes around it, up to the end of the buffer or not. */
function written(reader: CellReader, cell: string, after: string): string {
  const bytes = Buffer.from(`\t${cell}${after}`)
  const out = new GrowableBytes(8)
  reader.writeJson(out, bytes, 1, 1 + Buffer.byteLength(cell), 'BASE64')
  return Buffer.from(out.copy()).toString()
}

function copyText(text: string): string {
  const letters: Record<string, string> = {
    '\\': '\\\\',
    '\b': '\\b',
    '\f': '\\f',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
  }
  return text.replace(/[\\\b\f\n\r\t]/g, (character) => letters[character] as string)
}

describe('a cell of COPY text becomes JSON', () => {
  test('text, whatever characters it has and where they stand', () => {
    const character = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'X', 'Y', ' ', '0', '9') },
      { weight: 1, arbitrary: fc.constantFrom('"', '\\', '\n', '\t', '\u0001', '\u001f', '\u007f', 'é', '€', '😀') },
    )
    fc.assert(
      fc.property(
        fc.array(character, { maxLength: 40 }),
        fc.constantFrom('', '\t', '\tand more'),
        (characters, after) => {
          const text = characters.join('')
          const json = written(textReader, copyText(text), after)
          assert.equal(JSON.parse(json), text)
          assert.ok(
            Buffer.from(json).every((byte) => byte >= 32),
            'control characters are escaped',
          )
        },
      ),
    )
  })

  test('integers of any size', () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.integer({ min: -999, max: 999 })), (value) => {
        const out = new GrowableBytes(4)
        writeInteger(out, value)
        assert.equal(Buffer.from(out.copy()).toString(), String(value))
      }),
    )
    for (const value of [0, 9, 10, 999_999_999, 1_000_000_000, 1_000_000_001, Number.MAX_SAFE_INTEGER]) {
      const out = new GrowableBytes(4)
      writeInteger(out, value)
      assert.equal(Buffer.from(out.copy()).toString(), String(value))
    }
  })

  test('timestamps of any day, with and without fractions and zones', () => {
    const reader = timestampReader({ proleptic: false, zone: null })
    const day = fc.date({ min: new Date('1600-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    fc.assert(
      fc.property(
        day,
        fc.integer({ min: 0, max: 6 }),
        fc.constantFrom('', '+00', '-03', '+05:30'),
        (date, digits, zone) => {
          const iso = date.toISOString()
          const fraction = digits === 0 ? '' : `.${`${iso.slice(20, 23)}000`.slice(0, digits)}`
          const shown = `${iso.slice(0, 10)} ${iso.slice(11, 19)}${fraction}${zone}`
          const offset = zone === '' ? 'Z' : zone.length === 3 ? `${zone}:00` : zone
          const millis = fraction.slice(1, 4).padEnd(3, '0')
          assert.equal(
            Number(written(reader, shown, '\t')),
            Date.parse(`${iso.slice(0, 19)}.${millis}${offset}`),
            shown,
          )
        },
      ),
    )
  })

  test('years of five digits and before Christ; infinite times have no value', () => {
    const reader = timestampReader({ proleptic: true, zone: null })
    assert.equal(Number(written(reader, '12345-06-07 08:09:10', '')), Date.parse('+012345-06-07T08:09:10Z'))
    assert.equal(Number(written(reader, '0001-02-03 04:05:06 BC', '')), Date.parse('0000-02-03T04:05:06Z'))
    for (const infinite of ['infinity', '-infinity']) {
      assert.throws(() => written(reader, infinite, ''), new RegExp(`holds ${infinite}, which has no value`))
    }
  })

  test('decimals of any size', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }), fc.integer({ min: 0, max: 60 }), (big, shift) => {
        const unscaled = big >> BigInt(shift)
        const magnitude = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(3, '0')
        const text = Buffer.from(`${unscaled < 0n ? '-' : ''}${magnitude.slice(0, -2)}.${magnitude.slice(-2)}`)
        const out = new GrowableBytes(4)
        writeJsonDecimal(out, text, 0, text.length, 2)
        const base64 = Buffer.from(bigIntBytes(unscaled)).toString('base64')
        assert.equal(Buffer.from(out.copy()).toString(), `"${base64}"`)
      }),
    )
  })
})
