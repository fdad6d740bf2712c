import type { Logger } from '../../base/logger.ts'
import { hideInLogs } from '../../base/secrets.ts'
import { secretValues, unloggable } from '../herder/redaction.ts'
import { declaredProviders } from '../worker-config.ts'
import { ConfigProviders } from './config-providers.ts'
import { hasReference } from './references.ts'

/**
 * A worker's properties with the references in them resolved, what they stand for hidden in logs. Only Kafka's own
 * providers can be used here: plugins are not loaded before the properties are known. Throws `WorkerConfigError`.
 */
export async function resolveWorkerProperties(
  props: Readonly<Record<string, string>>,
  logger: Logger,
): Promise<Record<string, string>> {
  const used = new Set(
    Object.entries(props).flatMap(([name, value]) =>
      !name.startsWith('config.providers') && hasReference(value) ? [value] : [],
    ),
  )
  if (used.size === 0) return { ...props }
  const declared = declaredProviders(props).filter(({ alias }) =>
    [...used].some((text) => text.includes(`\${${alias}:`)),
  )
  const resolved = await new ConfigProviders(declared, logger).resolve(props)
  hideInLogs(unloggable(secretValues(props, resolved, []), props))
  return resolved
}
