/** A double as Java's `Double.toString` writes it (`1.0`, `1.0E21`, `1.0E-5`), with the shortest digits that identify it. */
export function formatJavaDouble(value: number): string {
  return formatJava(value, String(Math.abs(value)))
}

/** A 32-bit float as Java's `Float.toString` writes it. `value` should be one that a float holds exactly. */
export function formatJavaFloat(value: number): string {
  const float = Math.fround(value)
  return formatJava(float, shortestFloat(Math.abs(float)))
}

function formatJava(value: number, shortest: string): string {
  if (!Number.isFinite(value)) return String(value)
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  const sign = value < 0 ? '-' : ''
  const magnitude = Math.abs(value)
  if (magnitude >= 1e-3 && magnitude < 1e7) return `${sign}${shortest.includes('.') ? shortest : `${shortest}.0`}`
  const found = decompose(shortest)
  // Java always chooses among numbers of at least two digits, which shows in the subnormal ones only (4.9E-324).
  const { digits, exponent } = found.digits.length > 1 ? found : decompose(magnitude.toPrecision(2))
  return `${sign}${digits[0]}.${digits.slice(1) || '0'}E${exponent}`
}

/** Significant digits without trailing zeros, and the power of ten of the first of them. */
function decompose(text: string): { digits: string; exponent: number } {
  const [mantissa = '', power = '0'] = text.split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  const all = whole + fraction
  const leading = /^0*/.exec(all)?.[0].length ?? 0
  return {
    digits: all.slice(leading).replace(/0+$/, '') || '0',
    exponent: Number(power) + whole.length - 1 - leading,
  }
}

/** The fewest digits that read back as the same float, in JavaScript's notation. */
function shortestFloat(magnitude: number): string {
  if (magnitude === 0 || !Number.isFinite(magnitude)) return String(magnitude)
  for (let precision = 1; precision < 9; precision++) {
    const candidate = Number(magnitude.toPrecision(precision))
    if (Math.fround(candidate) === magnitude) return String(candidate)
  }
  return String(Number(magnitude.toPrecision(9)))
}
