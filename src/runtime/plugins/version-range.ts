/** A version requirement cannot be read. The message is Maven's. */
export class VersionRangeError extends Error {
  override readonly name = 'VersionRangeError'
}

interface Interval {
  /** Null: no limit on that side. */
  readonly lower: string | null
  readonly lowerIncluded: boolean
  readonly upper: string | null
  readonly upperIncluded: boolean
}

/** Nobody writes a longer one; reading numbers of any length would hold up others. */
const LONGEST = 1000

/** What a version must be: `1.2` exactly, or a Maven range such as `[1.0,2.0)` or `(,1.0],[1.2,)`. */
export class VersionRange {
  readonly #intervals: readonly Interval[]

  private constructor(intervals: readonly Interval[]) {
    this.#intervals = intervals
  }

  /**
   * Reads a `*.plugin.version` setting. Null (any version, the newest is taken) for none and for `latest`.
   * Throws {@link VersionRangeError}.
   */
  static parse(text: string | null | undefined): VersionRange | null {
    if (text === null || text === undefined || text === 'latest') return null
    const spec = text.trim()
    if (spec.length > LONGEST) throw new VersionRangeError(`Range of versions is longer than ${LONGEST} characters`)
    if (!/[[\]()]/.test(spec)) {
      // An empty version is a range that nothing lies in.
      return new VersionRange([{ lower: spec, lowerIncluded: true, upper: spec, upperIncluded: true }])
    }
    const intervals: Interval[] = []
    let rest = spec
    while (/^[[(]/.test(rest)) {
      const end = rest.search(/[\])]/)
      if (end === -1) throw new VersionRangeError(`Unbounded range: ${spec}`)
      intervals.push(interval(rest.slice(0, end + 1)))
      rest = rest.slice(end + 1).trim()
      if (rest.startsWith(',')) rest = rest.slice(1).trim()
    }
    if (rest !== '') {
      throw new VersionRangeError(
        intervals.length > 0
          ? `Only fully-qualified sets allowed in multiple set scenario: ${spec}`
          : `Single version must be surrounded by []: ${rest}`,
      )
    }
    return new VersionRange(intervals)
  }

  includes(version: string): boolean {
    return this.#intervals.some(({ lower, lowerIncluded, upper, upperIncluded }) => {
      if (lower === '' || upper === '') return false
      const low = lower === null ? 1 : compareVersions(version, lower)
      const high = upper === null ? -1 : compareVersions(version, upper)
      return (low > 0 || (low === 0 && lowerIncluded)) && (high < 0 || (high === 0 && upperIncluded))
    })
  }

  toString(): string {
    return this.#intervals
      .map(
        ({ lower, lowerIncluded, upper, upperIncluded }) =>
          `${lowerIncluded ? '[' : '('}${lower ?? ''},${upper ?? ''}${upperIncluded ? ']' : ')'}`,
      )
      .join(',')
  }
}

/** One set in its brackets. */
function interval(text: string): Interval {
  const lowerIncluded = text.startsWith('[')
  const upperIncluded = text.endsWith(']')
  const inner = text.slice(1, -1).trim()
  const comma = inner.indexOf(',')
  if (comma === -1) {
    if (!lowerIncluded || !upperIncluded)
      throw new VersionRangeError(`Single version must be surrounded by []: ${text}`)
    return { lower: inner, lowerIncluded, upper: inner, upperIncluded }
  }
  const lower = inner.slice(0, comma).trim() || null
  const upper = inner.slice(comma + 1).trim() || null
  if (lower !== null && lower === upper) throw new VersionRangeError(`Range cannot have identical boundaries: ${text}`)
  if (lower !== null && upper !== null && compareVersions(upper, lower) < 0)
    throw new VersionRangeError(`Range defies version ordering: ${text}`)
  return { lower, lowerIncluded, upper, upperIncluded }
}

/** Words that come before a release, in order; `''` is the release. Others come after it. */
const qualifiers = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp']
const shortQualifiers: Readonly<Record<string, string>> = { a: 'alpha', b: 'beta', m: 'milestone', cr: 'rc' }
const releases = new Set(['ga', 'final', 'release'])

type Part = bigint | string

/**
 * Compares as Maven does: numbers by value, `1` is `1.0`, `1-rc1` comes before `1`. Negative when `a` is older. Only
 * the kind of separator, which matters to Maven in rare cases, is not looked at.
 */
export function compareVersions(a: string, b: string): number {
  const left = parts(a)
  const right = parts(b)
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const order = compareParts(left[i], right[i])
    if (order !== 0) return order
  }
  return 0
}

function parts(version: string): Part[] {
  const found = (version.toLowerCase().match(/\d+|[^\d.\-_+]+/g) ?? []).map((part, i, all): Part => {
    if (/^\d/.test(part)) return BigInt(part)
    const isFollowedByNumber = /^\d/.test(all[i + 1] ?? '')
    const word = isFollowedByNumber ? (shortQualifiers[part] ?? part) : part
    return word === 'cr' ? 'rc' : releases.has(word) ? '' : word
  })
  while (found.length > 0 && (found.at(-1) === 0n || found.at(-1) === '')) found.pop()
  return found
}

function compareParts(a: Part | undefined, b: Part | undefined): number {
  if (typeof a === 'bigint' || typeof b === 'bigint') {
    if (typeof a === 'string') return -1
    if (typeof b === 'string') return 1
    const left = a ?? 0n
    const right = b ?? 0n
    return left < right ? -1 : left > right ? 1 : 0
  }
  const left = a ?? ''
  const right = b ?? ''
  return rank(left) - rank(right) || (left < right ? -1 : left > right ? 1 : 0)
}

function rank(word: string): number {
  const known = qualifiers.indexOf(word)
  return known === -1 ? qualifiers.length : known
}
