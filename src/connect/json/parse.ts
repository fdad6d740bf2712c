/** A JSON number that a double would change, as it was written; only made where `keepDecimals` asks for it. */
export class JsonDecimal {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

interface SourceContext {
  readonly source?: string
}

type SourceReviver = (key: string, value: unknown, context: SourceContext) => unknown

const parseWithSource = JSON.parse as (text: string, reviver: SourceReviver) => unknown

/** Fewer digits are always exact in a double. */
const longDigits = /\d{16}|\d\.\d{15}|\d[\d.]{15}/
const integerText = /^-?\d+$/

/**
 * `JSON.parse` that rounds nothing away: integers beyond 2^53 become `bigint`; with `keepDecimals`, other long numbers
 * become {@link JsonDecimal} instead of the nearest double. Throws a `SyntaxError`.
 */
export function parseJson(text: string, keepDecimals = false): unknown {
  if (!longDigits.test(text)) return JSON.parse(text) as unknown
  return parseWithSource(text, (_key, value, { source }) => {
    if (typeof value !== 'number' || source === undefined) return value
    if (integerText.test(source)) return Number.isSafeInteger(value) ? value : BigInt(source)
    return keepDecimals && String(value) !== source ? new JsonDecimal(source) : value
  })
}

/**
 * Parses as Kafka Connect's JSON reader does where it is laxer than JSON: numbers may have leading zeros, and
 * whatever follows the first value is ignored.
 */
export function parseLenientJson(text: string, keepDecimals = false): unknown {
  try {
    return parseJson(text, keepDecimals)
  } catch (error) {
    const repaired = firstValue(text)
    if (repaired === text) throw error
    return parseJson(repaired, keepDecimals)
  }
}

/** Every alternative ends where it fails to go on, so that hostile text costs no more than its length. */
const token = /\s+|"(?:[^"\\]|\\.)*"?|(-?)0*(\d[^\s,:\]}"[{]*)|[{}[\],:]|[^\s,:\]}"[{]+|./gsy

/** The text up to the end of the first value, without the leading zeros of its numbers. */
function firstValue(text: string): string {
  let depth = 0
  let result = ''
  token.lastIndex = 0
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const found = match[0]
    result += match[2] === undefined ? found : `${match[1]}${match[2]}`
    if (found === '{' || found === '[') depth++
    else if (found === '}' || found === ']') depth--
    else if (found.trim() === '') continue
    if (depth <= 0) break
  }
  return result
}
