import type { ApiDefinition } from '../protocol/schema/message.ts'

interface Range {
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
}

/**
 * The versions of each API that a broker offers. Connections to brokers of the same kind hold the same object: there are
 * hundreds of connections in a worker with many tasks, and a few dozen APIs.
 */
export class ApiRanges {
  static readonly none = new ApiRanges([])
  static readonly #known = new Map<string, ApiRanges>()
  readonly #ranges: ReadonlyMap<number, Range>

  private constructor(ranges: readonly Range[]) {
    this.#ranges = new Map(ranges.map((range) => [range.apiKey, range]))
  }

  static of(offered: readonly Range[]): ApiRanges {
    const key = offered.map(({ apiKey, minVersion, maxVersion }) => `${apiKey}:${minVersion}-${maxVersion}`).join()
    let ranges = ApiRanges.#known.get(key)
    if (ranges === undefined) {
      ranges = new ApiRanges(offered.map(({ apiKey, minVersion, maxVersion }) => ({ apiKey, minVersion, maxVersion })))
      ApiRanges.#known.set(key, ranges)
    }
    return ranges
  }

  get(api: ApiDefinition): { readonly minVersion: number; readonly maxVersion: number } | undefined {
    return this.#ranges.get(api.key)
  }
}
