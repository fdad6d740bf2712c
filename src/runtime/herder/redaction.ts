import { type Reach, type Secret, SecretMatcher } from '../../base/secret-matcher.ts'
import { hasReference } from '../providers/references.ts'
import type { Properties } from '../stores/config-records.ts'
import { isSecretName } from './secret-settings.ts'

/** Shorter values would blot out ordinary words: they are hidden only where they are quoted. */
const SHORTEST_SECRET = 4
/** Shorter texts from configuration providers are host names and the like: hidden as whole words only. */
const SHORTEST_PROVIDED = 8
/** Parts of a secret that is a list are secrets too, from this length on. */
const SHORTEST_PART = 8
/** Longer values are not looked through for parts, and there are no more secrets in a configuration that means well. */
const LONGEST_LIST = 65_536
const MOST_SECRETS = 5_000
const plain = /^(?:true|false|null|\d{1,9})$/i
/** A password as in examples, `postgres` say: hidden within words, it would blot out class names and addresses. */
const dictionaryWord = /^(?:[a-z]{1,12}|[A-Z][a-z]{1,11})$/

const secretParts = [
  /:\/\/[^/?#\s:@]*:([^/?#\s@]+)@/g,
  // Bounded, so that no text takes long.
  /(?:password|secret|token|passphrase)\w{0,20}\s{0,10}=\s{0,10}"((?:[^"\\]|\\.)*)"/gi,
  /(?:^|[\s:="',])(?:Basic|Bearer)\s{1,10}([A-Za-z0-9+/=._~-]{8,})/g,
]
/** Parameters of addresses and connection strings whose values are secrets. */
const secretParameter = /password|passwd|pwd|secret|token|signature|account_?key|access_?key|api_?key/i
const LONGEST_PARAMETER = 200

/** A value of a connector that must not be seen. */
export interface ConfigSecret {
  readonly text: string
  /** In traces of the connector itself. */
  readonly reach: Reach
  /** In whatever the process shows; null: nowhere, since it is a number or truth value that is no password. */
  readonly elsewhere: Reach | null
}

export interface SecretSource {
  /** As they were written. */
  readonly raw: Properties
  /** With their references to configuration providers resolved. */
  readonly resolved: Properties
  /** Reference → what its provider gave. */
  readonly provided?: ReadonlyMap<string, string>
  /** Settings whose type is PASSWORD. */
  readonly passwords?: ReadonlySet<string>
}

/**
 * Values that must not be seen: those of password settings, of settings that sound like one, passwords within addresses
 * and the like, and what references to configuration providers stood for. Longest first.
 */
export function secretValues({ raw, resolved, provided, passwords = new Set() }: SecretSource): ConfigSecret[] {
  const found = new Map<string, ConfigSecret>()
  const add = (text: string, secret: Omit<ConfigSecret, 'text'>): void => {
    if (text !== '' && !(found.get(text)?.elsewhere === 'anywhere')) found.set(text, { text, ...secret })
  }
  const composed = Object.keys(resolved).flatMap((name) => changed(raw[name], resolved[name]))
  for (const text of [...(provided?.values() ?? []), ...composed]) {
    add(text, ofProvider(text))
    for (const part of leavesOf(text)) add(part, ofProvider(part))
  }
  for (const [name, value] of Object.entries(resolved)) {
    // A reference that could not be resolved is no secret.
    if (value === null || (raw[name] === value && hasReference(value))) continue
    const isSecret = passwords.has(name) || isSecretName(name)
    const secrets = isSecret ? [value, ...leavesOf(value)] : []
    for (const text of [...secrets, ...partsOf(value)]) add(text, ofPassword(text))
  }
  return [...found.values()].slice(0, MOST_SECRETS).toSorted((a, b) => b.text.length - a.text.length)
}

/** Those of {@link secretValues} that nothing of the whole process shows. */
export function unloggable(secrets: readonly ConfigSecret[]): Secret[] {
  return secrets.flatMap(({ text, elsewhere }) => (elsewhere === null ? [] : [{ text, reach: elsewhere }]))
}

/** What takes them out of texts. */
export function redactor(secrets: readonly ConfigSecret[]): (text: string) => string {
  if (secrets.length === 0) return (text) => text
  const matcher = new SecretMatcher(secrets)
  return (text) => matcher.hide(text)
}

function changed(raw: string | null | undefined, resolved: string | null | undefined): string[] {
  return resolved === null || resolved === undefined || raw === resolved ? [] : [resolved]
}

function ofPassword(text: string): Omit<ConfigSecret, 'text'> {
  const isWord = plain.test(text) || dictionaryWord.test(text)
  const reach = text.length < SHORTEST_SECRET ? 'quoted' : isWord ? 'word' : 'anywhere'
  return { reach, elsewhere: reach }
}

function ofProvider(text: string): Omit<ConfigSecret, 'text'> {
  if (plain.test(text)) return { reach: text.length < SHORTEST_SECRET ? 'quoted' : 'word', elsewhere: null }
  if (text.length < SHORTEST_SECRET) return { reach: 'quoted', elsewhere: 'quoted' }
  return { reach: 'anywhere', elsewhere: text.length < SHORTEST_PROVIDED ? 'word' : 'anywhere' }
}

/** Texts within a value that is JSON or a list. */
function leavesOf(value: string): string[] {
  if (value.length > LONGEST_LIST) return []
  const listed = value.includes(',') ? value.split(',').map((part) => part.trim()) : []
  const long = listed.filter((part) => part.length >= SHORTEST_PART)
  if (!/^\s*[[{]/.test(value)) return long
  try {
    return textsIn(JSON.parse(value))
  } catch {
    return long
  }
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.length < SHORTEST_SECRET ? [] : [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(textsIn)
}

/** Passwords that stand in an address, a login module or a header, as they stand there and decoded. */
function partsOf(value: string): string[] {
  const text = value.slice(0, LONGEST_LIST)
  const found = secretParts.flatMap((part) => [...text.matchAll(part)].map(([, secret]) => secret as string))
  found.push(...parametersOf(text))
  const parts = found.flatMap((secret) => (secret.includes('%') ? [secret, decoded(secret)] : [secret]))
  return parts.filter((part) => part.length >= SHORTEST_SECRET)
}

/** Values of parameters `name=value`, separated by `?`, `&` or `;`, whose names sound secret. */
function parametersOf(text: string): string[] {
  if (!text.includes('=')) return []
  return text.split(/[?&;]/).flatMap((parameter) => {
    const end = parameter.indexOf('=')
    const isSecret = end > 0 && end <= LONGEST_PARAMETER && secretParameter.test(parameter.slice(0, end))
    return isSecret ? [parameter.slice(end + 1).split(/\s/, 1)[0] ?? ''] : []
  })
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
