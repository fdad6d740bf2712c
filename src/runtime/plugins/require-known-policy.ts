import { WorkerConfigError } from '../errors.ts'
import type { PluginDirectory } from '../herder/plugin-directory.ts'

/** Throws {@link WorkerConfigError} when the policy is no plugin that is there. */
export function requireKnownPolicy(policy: string, plugins: PluginDirectory): void {
  const kind = 'connector_client_config_override_policy'
  if (plugins.find(policy, [kind]) !== null) return
  const own = plugins.all.filter(({ type }) => type === kind).map((plugin) => plugin.class)
  const key = 'connector.client.config.override.policy'
  throw new WorkerConfigError({
    [key]: [`${key}=${policy} is not known; there are ${['All', 'None', 'Principal', 'Allowlist', ...own].join(', ')}`],
  })
}
