import { compareVersions, type VersionRange } from './version-range.ts'

/** No version of a plugin that is there lies in the range that was asked for. The message is Kafka Connect's. */
export class VersionMismatch extends Error {
  override readonly name = 'VersionMismatch'
  /** Those that are there, oldest first. */
  readonly available: readonly string[]

  constructor(className: string, range: VersionRange, available: readonly string[]) {
    super(
      `Plugin ${className} not found that matches the version range ${range.toString()}, ` +
        `available versions: [${available.join(', ')}]`,
    )
    this.available = available
  }
}

interface Versioned {
  readonly class: string
  readonly version: string
}

/** The newest of several plugins; null for an empty list. Of equal versions the first. */
export function newestOf<P extends Versioned>(plugins: readonly P[]): P | null {
  return plugins.toSorted((a, b) => compareVersions(b.version, a.version))[0] ?? null
}

/**
 * The newest of several versions of one class that lies in the range (null: the newest of all); null for an empty list.
 * Throws {@link VersionMismatch} when there are versions, but none of them lies in the range.
 */
export function versionIn<P extends Versioned>(plugins: readonly P[], range: VersionRange | null): P | null {
  const newest = newestOf(plugins)
  if (newest === null || range === null) return newest
  const found = newestOf(plugins.filter(({ version }) => range.includes(version)))
  if (found !== null) return found
  throw new VersionMismatch(newest.class, range, versionsOf(plugins))
}

/** All versions, oldest first, each once. */
export function versionsOf(plugins: readonly Versioned[]): string[] {
  return [...new Set(plugins.map(({ version }) => version).toSorted(compareVersions))]
}
