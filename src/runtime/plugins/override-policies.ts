import { simpleName } from './plugin-names.ts'

const PACKAGE = 'org.apache.kafka.connect.connector.policy'
const SUFFIX = 'ConnectorClientConfigOverridePolicy'
const principalSettings = new Set(['sasl.jaas.config', 'sasl.mechanism', 'security.protocol'])
export const ALLOWLIST_KEY = 'connector.client.config.override.allowlist'

/** A policy of Kafka Connect's own. */
export interface BundledPolicy {
  /** As messages name it. */
  readonly name: string
  /** Whether connectors may set a client setting, by its name without prefix. */
  allows(setting: string): boolean
}

/**
 * The policy that `connector.client.config.override.policy` means when it is one of Kafka Connect's own (All, None,
 * Principal, Allowlist, by short name or class); null for any other.
 */
export function bundledPolicy(
  policy: string,
  workerProps: Readonly<Record<string, string | undefined>>,
): BundledPolicy | null {
  const simple = simpleName(policy)
  if (policy !== simple && policy !== `${PACKAGE}.${simple}`) return null
  const name = simple.endsWith(SUFFIX) ? simple.slice(0, -SUFFIX.length) : simple
  switch (name) {
    case 'All':
      return { name, allows: () => true }
    case 'None':
      return { name, allows: () => false }
    case 'Principal':
      return { name, allows: (setting) => principalSettings.has(setting) }
    case 'Allowlist': {
      const allowed = new Set((workerProps[ALLOWLIST_KEY] ?? '').split(',').map((setting) => setting.trim()))
      return { name, allows: (setting) => allowed.has(setting) }
    }
    default:
      return null
  }
}

/** What the policy says of a setting that may not be set. */
export function notAllowed(policy: string, setting: string): string {
  return `The '${policy}' policy does not allow '${setting}' to be overridden in the connector configuration.`
}
