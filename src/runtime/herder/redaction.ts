import type { ConfigKeyDefinition } from '../../connect/index.ts'
import type { Properties } from '../stores/config-records.ts'

/** Shorter values would blot out ordinary words of a trace. */
const SHORTEST_SECRET = 4
const secretName = /password|passwd|secret|token|credential|private\.?key|api\.?key|jaas/i

/** Shorter texts from configuration providers are host names, ports and the like, which logs may need elsewhere. */
const SHORTEST_PROVIDED = 8
const urlParts = [
  /:\/\/[^/?#\s:@]*:([^/?#\s@]+)@/g,
  /[?&;](?:[^=&;]*(?:password|passwd|pwd|secret|token)[^=&;]*)=([^&;\s]+)/gi,
]

/**
 * Values that must not be seen: those of password keys, of keys that sound like one, passwords within addresses, and what
 * references to configuration providers stood for.
 */
export function secretValues(raw: Properties, resolved: Properties, keys: readonly ConfigKeyDefinition[]): string[] {
  const passwords = new Set(keys.filter(({ type }) => type === 'PASSWORD').map(({ name }) => name))
  const whole = Object.entries(resolved)
    .filter(([name, value]) => passwords.has(name) || secretName.test(name) || raw[name] !== value)
    .map(([, value]) => value)
    .filter((value): value is string => value !== null)
  const parts = Object.values(resolved).flatMap((value) => (value === null ? [] : passwordsInUrl(value)))
  return [...new Set([...whole, ...parts])]
    .filter((value) => value.length >= SHORTEST_SECRET)
    .toSorted((a, b) => b.length - a.length)
}

/** Passwords that stand in an address, as they stand there and decoded. */
function passwordsInUrl(text: string): string[] {
  const found = urlParts.flatMap((part) => [...text.matchAll(part)].map(([, secret]) => secret as string))
  return found.flatMap((secret) => (secret.includes('%') ? [secret, decoded(secret)] : [secret]))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Those of {@link secretValues} that no log of the whole process shows: without words and numbers that occur anyway. */
export function unloggable(secrets: readonly string[], raw: Properties): string[] {
  const literal = new Set(Object.values(raw))
  return secrets.filter(
    (secret) =>
      !/^(?:true|false|null|\d{1,9})$/.test(secret) && (literal.has(secret) || secret.length >= SHORTEST_PROVIDED),
  )
}

export function redact(text: string, secrets: readonly string[]): string {
  return secrets.reduce((shown, secret) => shown.replaceAll(secret, '[hidden]'), text)
}
