import { type ByteSink, type CellReader, DataError, writeAscii, writeBytes, writeJsonDecimal } from 'millrace/connect'
import { asciiText } from './ascii.ts'

const POINT = 46
const ZERO = 48
const NINE = 57
const LETTER_T = 116

/** int2, int4, int8, oid: INT64 values beyond the safe integers are `bigint`. */
export const integerReader: CellReader = {
  value(bytes, start, end) {
    const text = asciiText(bytes, start, end)
    const number = Number(text)
    return Number.isSafeInteger(number) ? number : BigInt(text)
  },
  writeJson: writeBytes,
}

export const booleanReader: CellReader = {
  value: (bytes, start) => bytes[start] === LETTER_T,
  writeJson: (out, bytes, start) => writeAscii(out, bytes[start] === LETTER_T ? 'true' : 'false'),
}

/** bit(1): COPY writes the digit. */
export const bitReader: CellReader = {
  value: (bytes, start) => bytes[start] === ZERO + 1,
  writeJson: (out, bytes, start) => writeAscii(out, bytes[start] === ZERO + 1 ? 'true' : 'false'),
}

/** Formats a float as the JSON converter does: a number, or a string for what JSON has no number for. */
export type FloatWriter = (out: ByteSink, value: number) => void

/** float4, float8, and numerics that the numeric mapping turns into FLOAT64. */
export function floatReader(write: FloatWriter, round: (value: number) => number = (value) => value): CellReader {
  const parse = (bytes: Uint8Array, start: number, end: number): number => round(Number(asciiText(bytes, start, end)))
  return { value: parse, writeJson: (out, bytes, start, end) => write(out, parse(bytes, start, end)) }
}

/** Numerics that the numeric mapping turns into integers, and `bit(2)` to `bit(8)`, read as decimal digits. */
export function boundedIntegerReader(column: string, min: number, max: number): CellReader {
  const check = (bytes: Uint8Array, start: number, end: number): string => {
    const text = asciiText(bytes, start, end)
    const number = Number(text)
    if (!(number >= min && number <= max)) throw outOfRange(column, text, `${min} to ${max}`)
    return text.replace(/^(-?)0+(?=\d)/, '$1')
  }
  return {
    value(bytes, start, end) {
      const number = Number(check(bytes, start, end))
      return Number.isSafeInteger(number) ? number : BigInt(asciiText(bytes, start, end))
    },
    writeJson: (out, bytes, start, end) => writeAscii(out, check(bytes, start, end)),
  }
}

function outOfRange(column: string, text: string, range: string): DataError {
  return new DataError(`Column "${column}" holds ${text}, which does not fit the range ${range} of its Connect type`)
}

/**
 * numeric with `scale` digits after the point, as Decimal. NaN and the infinities have no Decimal: they are null, as in
 * the JDBC connectors, and an error in a column that is NOT NULL.
 */
export function decimalReader(column: string, scale: number, optional: boolean): CellReader {
  const special = (bytes: Uint8Array, start: number, end: number): boolean => {
    const last = bytes[end - 1] as number
    if (last >= ZERO && last <= NINE) return false
    if (optional) return true
    throw new DataError(
      `Column "${column}" is NOT NULL and holds ${asciiText(bytes, start, end)}, which Connect's Decimal cannot hold`,
    )
  }
  const checkScale = (bytes: Uint8Array, start: number, end: number): void => {
    let digits = 0
    for (let i = end - 1; i >= start && bytes[i] !== POINT; i--) digits++
    const found = digits === end - start ? 0 : digits
    if (found === Math.max(scale, 0)) return
    throw new DataError(
      `Column "${column}" holds ${asciiText(bytes, start, end)}, which has ${found} digits after the point instead of ${scale}: ` +
        'give the column a precision and scale, or set numeric.mapping to best_fit',
    )
  }
  return {
    value(bytes, start, end) {
      if (special(bytes, start, end)) return null
      checkScale(bytes, start, end)
      return asciiText(bytes, start, end)
    },
    writeJson(out, bytes, start, end, decimals) {
      if (special(bytes, start, end)) return writeAscii(out, 'null')
      checkScale(bytes, start, end)
      if (decimals === 'NUMERIC') return writeBytes(out, bytes, start, end)
      writeJsonDecimal(out, bytes, start, end, scale)
    },
  }
}
