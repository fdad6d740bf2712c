import { BrokerConfigError } from './broker-config-error.ts'
import { parseList } from './definition.ts'

/** One address of the broker. */
export interface Listener {
  /** Upper-case name, `PLAINTEXT` as a rule. */
  readonly name: string
  readonly host: string
  readonly port: number
}

const pattern = /^([A-Za-z0-9_-]+):\/\/(\[[0-9a-fA-F:.%]*\]|[^:/[\]]*):(\d{1,5})$/

/**
 * Reads `NAME://host:port,…`. An empty host stands for all addresses (as in Kafka) and is given as ''.
 * @throws {BrokerConfigError} that names the setting and the entry
 */
export function parseListeners(setting: string, text: string): Listener[] {
  const listeners = parseList(text).map((entry) => parseListener(setting, entry))
  if (listeners.length === 0)
    throw new BrokerConfigError(`${setting} names no address: write for example PLAINTEXT://127.0.0.1:9092`)
  const names = new Set<string>()
  for (const { name } of listeners) {
    if (names.has(name))
      throw new BrokerConfigError(`${setting}: the listener name ${name} is used twice; give each its own`)
    names.add(name)
  }
  return listeners
}

function parseListener(setting: string, entry: string): Listener {
  const match = pattern.exec(entry)
  const port = Number(match?.[3])
  if (match === null || port > 65535) {
    throw new BrokerConfigError(
      `${setting}: '${entry}' is not of the form NAME://host:port, as in PLAINTEXT://127.0.0.1:9092`,
    )
  }
  return { name: (match[1] ?? '').toUpperCase(), host: (match[2] ?? '').replace(/^\[|\]$/g, ''), port }
}

/**
 * Checks that each listener is one that can be served: its name maps to PLAINTEXT, by
 * `listener.security.protocol.map` or because it is called so.
 */
export function checkSecurityProtocols(listeners: readonly Listener[], map: string): void {
  const protocols = new Map(
    parseList(map).map((pair) => {
      const [name = '', protocol = ''] = pair.split(':')
      return [name.trim().toUpperCase(), protocol.trim().toUpperCase()]
    }),
  )
  for (const { name } of listeners) {
    const protocol = protocols.get(name) ?? (/^(PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL)$/.test(name) ? name : null)
    if (protocol === null) {
      throw new BrokerConfigError(
        `listeners: ${name} has no protocol; add ${name}:PLAINTEXT to listener.security.protocol.map`,
      )
    }
    if (protocol !== 'PLAINTEXT') {
      throw new BrokerConfigError(`listeners: ${name} asks for ${protocol}, but this broker serves PLAINTEXT only`)
    }
  }
}
