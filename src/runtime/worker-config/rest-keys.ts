import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { ParsedValue } from '../config-def/key.ts'
import { invalidValue } from '../config-def/parse.ts'
import { listWithoutRepeats, oneOf, oneOfIgnoringCase, optional } from '../config-def/validators.ts'
import { workerKey as key, type WorkerKey } from './worker-key.ts'

function listenersFault(value: ParsedValue, name: string): string | null {
  const urls = (value ?? []) as readonly string[]
  if (urls.length === 0)
    return invalidValue(value, name, 'Must provide at least one listener, e.g. http://127.0.0.1:8083')
  return urlsFault(value, name)
}

/** Null: shared with the other listeners; empty: none. */
function urlsFault(value: ParsedValue, name: string): string | null {
  const urls = ((value ?? []) as readonly string[]).map((url) => url.trim())
  if (urls.includes('')) return invalidValue(value, name, 'It has an empty entry: remove the comma that is too many')
  const wrong = urls.find((url) => !/^https?:\/\/(?:\[[^\]/]*\]|[^/:]*):\d+\/?$/i.test(url))
  return wrong === undefined ? null : invalidValue(wrong, name, 'Expected http://host:port or https://host:port')
}

/** One rule of `response.http.headers.config`. */
export interface ResponseHeaderRule {
  readonly action: 'set' | 'add' | 'setDate' | 'addDate'
  readonly name: string
  readonly value: string
}

const headerActions = ['set', 'add', 'setDate', 'addDate'] as const

/**
 * Reads `response.http.headers.config`: rules `[action] [name]:[value]`, separated by commas; a rule with a comma in it
 * stands in double quotes. Gives the rules, or what is wrong with the text.
 */
export function responseHeaderRules(text: string): ResponseHeaderRule[] | string {
  const rules: ResponseHeaderRule[] = []
  for (const item of text.match(/(?:"(?:[^"\\]|\\.)*"|[^,])+/g) ?? []) {
    const rule = item
      .trim()
      .replace(/^"(.*)"$/s, '$1')
      .trim()
    if (rule === '') continue
    const [, word, rest] = /^(\S+)\s+(.*)$/s.exec(rule) ?? []
    if (word === undefined || rest === undefined) {
      return `Invalid format of header config '${rule}'. Expected: '[action] [header name]:[header value]'`
    }
    const action = headerActions.find((known) => known.toLowerCase() === word.toLowerCase())
    if (action === undefined) {
      return `Invalid header config action: '${word}'. Expected one of [${headerActions.join(', ')}]`
    }
    const [name, value, ...more] = rest.split(':')
    if (name === undefined || value === undefined || value === '' || more.some((part) => part !== '')) {
      return `Invalid format of header name and header value pair '${rest}'. Expected: '[header name]:[header value]'`
    }
    if (name.trim() === '' || /\s/.test(name.trim())) {
      return `Invalid header name '${name.trim()}'. The '[header name]' cannot contain whitespace`
    }
    try {
      validateHeaderName(name.trim())
      validateHeaderValue(name.trim(), value.trim())
    } catch (error) {
      return `Invalid header '${name.trim()}': ${(error as Error).message}`
    }
    rules.push({ action, name: name.trim(), value: value.trim() })
  }
  return rules
}

function headerRulesFault(value: ParsedValue): string | null {
  const rules = responseHeaderRules(String(value ?? ''))
  return typeof rules === 'string' ? rules : null
}

/** Properties of the REST server. The `ssl.*` ones count with the prefixes `listeners.https.` and `admin.listeners.https.` too. */
export const restKeys: readonly WorkerKey[] = [
  key('listeners', 'LIST', 'http://127.0.0.1:8083', 'LOW', 'Addresses that the REST server listens on, as URLs.', {
    validator: listenersFault,
  }),
  key(
    'admin.listeners',
    'LIST',
    null,
    'LOW',
    'Addresses of the administration endpoints alone; empty: there are none; default: those of listeners.',
    { validator: urlsFault },
  ),
  key('rest.advertised.host.name', 'STRING', null, 'LOW', 'Host name that other workers reach this one by.'),
  key('rest.advertised.port', 'INT', null, 'LOW', 'Port that other workers reach this one by.'),
  key(
    'rest.advertised.listener',
    'STRING',
    null,
    'LOW',
    'Scheme that other workers reach this one by: http or https.',
    {
      validator: optional(oneOfIgnoringCase('http', 'https')),
    },
  ),
  key('access.control.allow.origin', 'STRING', '', 'LOW', 'Origins whose pages may call the REST API; * for all.'),
  key('access.control.allow.methods', 'STRING', '', 'LOW', 'Methods that such pages may use; empty: GET, POST, HEAD.'),
  key(
    'response.http.headers.config',
    'STRING',
    '',
    'LOW',
    'Headers of every answer: rules like "set X-Frame-Options:DENY", separated by commas.',
    { validator: headerRulesFault },
  ),
  key('rest.extension.classes', 'LIST', '', 'LOW', 'REST extensions, in the order in which they are asked.', {
    validator: listWithoutRepeats,
  }),
  key(
    'rest.basic.auth.jaas.file',
    'STRING',
    null,
    'LOW',
    'Login configuration (JAAS) of BasicAuthSecurityRestExtension; default: what KAFKA_OPTS says with -Djava.security.auth.login.config.',
  ),
  key('ssl.client.auth', 'STRING', 'none', 'LOW', 'Whether clients must, may or need not show a certificate.', {
    validator: oneOf('required', 'requested', 'none'),
  }),
]
