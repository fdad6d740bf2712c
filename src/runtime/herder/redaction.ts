import type { ConfigKeyDefinition } from '../../connect/index.ts'
import type { Properties } from '../stores/config-records.ts'

/** Shorter values would blot out ordinary words of a trace. */
const SHORTEST_SECRET = 4
const secretName = /password|passwd|secret|token|credential|private\.?key|api\.?key|jaas/i

/**
 * Values that must not be seen: those of password keys, of keys that sound like one, and what references to
 * configuration providers stood for.
 */
export function secretValues(raw: Properties, resolved: Properties, keys: readonly ConfigKeyDefinition[]): string[] {
  const passwords = new Set(keys.filter(({ type }) => type === 'PASSWORD').map(({ name }) => name))
  return Object.entries(resolved)
    .filter(([name, value]) => passwords.has(name) || secretName.test(name) || raw[name] !== value)
    .map(([, value]) => value)
    .filter((value): value is string => value !== null && value.length >= SHORTEST_SECRET)
    .toSorted((a, b) => b.length - a.length)
}

export function redact(text: string, secrets: readonly string[]): string {
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, '[hidden]'), text)
}
