import { hideInLogs, withoutSecrets } from '../../base/secrets.ts'
import type { Properties } from '../stores/config-records.ts'
import type { PluginDirectory } from './plugin-directory.ts'
import { type ConfigSecret, redactor, type SecretSource, secretValues, unloggable } from './redaction.ts'
import { passwordSettings } from './secret-settings.ts'

/** Values of one connector that are kept hidden, those of earlier configurations included. */
const MOST_SECRETS = 200

/** The secrets of each connector that runs here: what still runs may quote values from before, so these stay hidden as well. */
export class ConnectorSecrets {
  readonly #plugins: () => PluginDirectory
  readonly #known = new Map<string, readonly ConfigSecret[]>()

  constructor(plugins: () => PluginDirectory) {
    this.#plugins = plugins
  }

  /**
   * Takes note of a configuration of the connector or of one of its tasks.
   * @param settings the connector's own configuration, which names the plugins whose passwords are meant
   */
  learn(connector: string, settings: Properties, source: SecretSource): void {
    const secrets = secretValues({ ...source, passwords: passwordSettings(settings, this.#plugins()) })
    hideInLogs(unloggable(secrets))
    const all = [...secrets, ...(this.#known.get(connector) ?? [])].map((secret) => [secret.text, secret] as const)
    this.#known.set(connector, [...new Map(all.toReversed()).values()].toReversed().slice(0, MOST_SECRETS))
  }

  forget(connector: string): void {
    this.#known.delete(connector)
  }

  /** A trace of the connector without them, and without those of all others. */
  shown(connector: string, trace: string | null): string | null {
    return trace === null ? null : withoutSecrets(redactor(this.#known.get(connector) ?? [])(trace))
  }
}
