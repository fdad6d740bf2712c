import type { ApiDefinition } from '../protocol/schema/message.ts'

interface Range {
  readonly apiKey: number
  readonly minVersion: number
  readonly maxVersion: number
}

/** More answers than this are not kept: brokers that are being upgraded give some different ones. */
const MOST_KEPT = 16
const CORRELATION_ID_BYTES = 4

/**
 * The versions of each API that a broker offers. Connections to brokers of the same kind hold the same object, and an answer
 * that was read once is not read again: there are hundreds of connections in a worker with many tasks, and a few dozen APIs.
 */
export class ApiRanges {
  static readonly none = new ApiRanges([])
  static readonly #kept = new Map<string, ApiRanges>()
  readonly #ranges: ReadonlyMap<number, Range>

  private constructor(ranges: readonly Range[]) {
    this.#ranges = new Map(ranges.map((range) => [range.apiKey, range]))
  }

  /** What an answer to ApiVersions in `version` says, if {@link keep} was called for the same bytes. */
  static kept(version: number, answer: Uint8Array): ApiRanges | null {
    return ApiRanges.#kept.get(keyOf(version, answer)) ?? null
  }

  static keep(version: number, answer: Uint8Array, offered: readonly Range[]): ApiRanges {
    const ranges = new ApiRanges(
      offered.map(({ apiKey, minVersion, maxVersion }) => ({ apiKey, minVersion, maxVersion })),
    )
    if (ApiRanges.#kept.size >= MOST_KEPT) ApiRanges.#kept.clear()
    ApiRanges.#kept.set(keyOf(version, answer), ranges)
    return ranges
  }

  get(api: ApiDefinition): { readonly minVersion: number; readonly maxVersion: number } | undefined {
    return this.#ranges.get(api.key)
  }
}

function keyOf(version: number, answer: Uint8Array): string {
  const bytes = Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength)
  return `${version} ${bytes.toString('latin1', CORRELATION_ID_BYTES)}`
}
