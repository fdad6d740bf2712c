import type { Logger } from '../../base/logger.ts'
import { workerKeys } from '../worker-config.ts'
import { clientNotice, clientPropertyNames } from './client-notices.ts'
import { clusterKeys } from './cluster-keys.ts'

type Properties = Readonly<Record<string, string>>

/** Properties below these are free: settings of plugins, internal topics and listeners. */
const freePrefixes = [
  'metrics.context.',
  'config.providers.',
  'key.converter.',
  'value.converter.',
  'header.converter.',
  'config.storage.',
  'offset.storage.',
  'status.storage.',
  'listeners.https.',
  'admin.listeners.https.',
]

const standaloneKeys = ['offset.storage.file.filename']
const removed = /^internal\.(?:key|value)\.converter(?:\.|$)/
const cleanupPolicy = /^(?:config|offset|status)\.storage\.cleanup\.policy$/

/** What a worker's properties contain that changes nothing. */
export interface Notices {
  /** Property → why it has no effect, as the end of a sentence. */
  readonly withoutEffect: ReadonlyMap<string, string>
  /** Property → the known one that may have been meant, or null. */
  readonly unknown: ReadonlyMap<string, string | null>
}

/** Looks for properties without effect. Unknown ones are no fault: plugins may read them. */
export function noticesOf(props: Properties, mode: 'cluster' | 'standalone'): Notices {
  const known = new Map(workerKeys.map((key) => [key.name, key]))
  const clusterOnly = new Set(clusterKeys.map(({ name }) => name))
  const withoutEffect = new Map<string, string>()
  const unknown = new Map<string, string | null>()
  for (const name of Object.keys(props).toSorted()) {
    const ofClient = clientNotice(name)
    const reason = known.get(name)?.withoutEffect ?? ofClient?.withoutEffect ?? reasonFor(name)
    const isKnown = known.has(name) || standaloneKeys.includes(name) || isFree(name) || ofClient?.isKnown === true
    if (reason !== null) withoutEffect.set(name, reason)
    else if (mode === 'standalone' && clusterOnly.has(name))
      withoutEffect.set(name, 'a standalone worker has no cluster')
    else if (!isKnown) unknown.set(name, nearest(name, [...known.keys(), ...standaloneKeys, ...clientPropertyNames()]))
  }
  return { withoutEffect, unknown }
}

/** Says each kind of notice once, with names and never values. */
export function logNotices(props: Properties, mode: 'cluster' | 'standalone', logger: Logger): void {
  const { withoutEffect, unknown } = noticesOf(props, mode)
  if (withoutEffect.size > 0) {
    const list = [...withoutEffect].map(([name, reason]) => `${name} (${reason})`).join(', ')
    logger.warn({ properties: [...withoutEffect.keys()] }, `These worker properties have no effect here: ${list}`)
  }
  if (unknown.size > 0) {
    const list = [...unknown].map(([name, meant]) => (meant === null ? name : `${name} (did you mean ${meant}?)`))
    logger.warn(
      { properties: [...unknown.keys()] },
      `These worker properties are not known, and nothing but a plugin may read them: ${list.join(', ')}`,
    )
  }
}

function reasonFor(name: string): string | null {
  if (removed.test(name)) return 'internal data is JSON without schemas, since Kafka Connect 3.0'
  if (name === 'rest.port' || name === 'rest.host.name') return 'set listeners, since Kafka Connect 3.0'
  if (name === 'config.storage.partitions') return 'the configuration topic always has one partition'
  if (cleanupPolicy.test(name)) return 'internal topics are always compacted'
  if (name.startsWith('sasl.oauthbearer.')) return 'there is no OAuth login'
  return null
}

function isFree(name: string): boolean {
  return freePrefixes.some((prefix) => name.startsWith(prefix) && name.length > prefix.length)
}

/** The known name that differs in at most two letters (more for long names), or null. */
function nearest(name: string, known: readonly string[]): string | null {
  const limit = Math.max(2, Math.floor(name.length / 8))
  let best: string | null = null
  let least = limit + 1
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= least) continue
    const distance = editDistance(name.toLowerCase(), candidate)
    if (distance < least) {
      least = distance
      best = candidate
    }
  }
  return best
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(replaced, (previous[j] as number) + 1, (row[j - 1] as number) + 1))
    }
    previous = row
  }
  return previous[b.length] as number
}
