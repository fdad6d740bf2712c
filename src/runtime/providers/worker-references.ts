import type { Logger } from '../../base/logger.ts'
import { hideInLogs } from '../../base/secrets.ts'
import { secretValues, unloggable } from '../herder/redaction.ts'
import { declaredProviders, workerKeys } from '../worker-config.ts'
import { ConfigProviders, type ResolvedProps } from './config-providers.ts'
import { hasReference } from './references.ts'

type Properties = Readonly<Record<string, string>>

const passwordNames = workerKeys.filter(({ type }) => type === 'PASSWORD').map(({ name }) => name)

/**
 * A worker's properties with the references in them resolved, what they stand for and passwords hidden from now on. Only
 * Kafka's own providers can be used here: plugins are not loaded before the properties are known. Throws `WorkerConfigError`.
 */
export async function resolveWorkerProperties(props: Properties, logger: Logger): Promise<Record<string, string>> {
  // What is no reference counts at once: a provider that fails may quote it.
  hideSecrets(props, { props, provided: new Map() })
  const resolved = await resolve(props, logger)
  hideSecrets(props, resolved)
  return resolved.props
}

async function resolve(props: Properties, logger: Logger): Promise<Pick<ResolvedProps<string>, 'props' | 'provided'>> {
  const used = new Set(
    Object.entries(props).flatMap(([name, value]) =>
      !name.startsWith('config.providers') && hasReference(value) ? [value] : [],
    ),
  )
  if (used.size === 0) return { props: { ...props }, provided: new Map() }
  const declared = declaredProviders(props).filter(({ alias }) =>
    [...used].some((text) => text.includes(`\${${alias}:`)),
  )
  return new ConfigProviders(declared, logger).resolveWithTtls(props)
}

function hideSecrets(
  raw: Properties,
  { props, provided }: { readonly props: Properties; readonly provided: ReadonlyMap<string, string> },
): void {
  // Settings of listeners and clients have a prefix.
  const isPassword = (name: string): boolean =>
    passwordNames.some((password) => name === password || name.endsWith(`.${password}`))
  const passwords = new Set(Object.keys(props).filter(isPassword))
  hideInLogs(unloggable(secretValues({ raw, resolved: props, provided, passwords })))
}
