import type { Properties } from '../stores/config-records.ts'
import type { Entry } from './entries.ts'

const overridePrefix = /^(?:producer|consumer|admin)\.override\./
const principalKeys = new Set(['sasl.jaas.config', 'sasl.mechanism', 'security.protocol'])

/** Client settings that the worker's `connector.client.config.override.policy` does not let connectors set. */
export function overrideEntries(props: Properties, policy: string): Entry[] {
  const kind = /(All|None|Principal)(?:ConnectorClientConfigOverridePolicy)?$/i.exec(policy)?.[1]?.toLowerCase()
  if (kind === 'all') return []
  return Object.keys(props)
    .filter((name) => overridePrefix.test(name))
    .filter((name) => kind !== 'principal' || !principalKeys.has(name.replace(overridePrefix, '')))
    .map((name) => ({
      name,
      definition: null,
      value: null,
      errors: [
        `The '${policy}' policy does not allow '${name.replace(overridePrefix, '')}' to be overridden in the connector configuration.`,
      ],
      visible: true,
      recommendedValues: [],
    }))
}
