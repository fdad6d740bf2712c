import { hideInLogs, withoutSecrets } from '../../base/secrets.ts'
import type { Properties } from '../stores/config-records.ts'
import type { PluginDirectory } from './plugin-directory.ts'
import { type ConfigSecret, redactor, type SecretSource, secretValues, unloggable } from './redaction.ts'
import { passwordSettings } from './secret-settings.ts'
import { sameProperties } from './task-configs.ts'

/** Values of one connector that are kept hidden, those of earlier configurations included. */
const MOST_SECRETS = 200

/** The secrets of each connector that runs here: what still runs may quote values from before, so these stay hidden as well. */
export class ConnectorSecrets {
  readonly #plugins: () => PluginDirectory
  readonly #known = new Map<string, readonly ConfigSecret[]>()
  /** Each connector's password settings as last found: they are the same for all of its tasks. */
  readonly #passwords = new Map<string, { settings: Properties; plugins: PluginDirectory; names: Set<string> }>()

  constructor(plugins: () => PluginDirectory) {
    this.#plugins = plugins
  }

  /**
   * Takes note of a configuration of the connector or of one of its tasks.
   * @param settings the connector's own configuration, which names the plugins whose passwords are meant
   */
  learn(connector: string, settings: Properties, source: SecretSource): void {
    const secrets = secretValues({ ...source, passwords: this.#passwordsOf(connector, settings) })
    hideInLogs(unloggable(secrets))
    const all = [...secrets, ...(this.#known.get(connector) ?? [])].map((secret) => [secret.text, secret] as const)
    this.#known.set(connector, [...new Map(all.toReversed()).values()].toReversed().slice(0, MOST_SECRETS))
  }

  forget(connector: string): void {
    this.#known.delete(connector)
    this.#passwords.delete(connector)
  }

  #passwordsOf(connector: string, settings: Properties): Set<string> {
    const plugins = this.#plugins()
    const last = this.#passwords.get(connector)
    if (last?.plugins === plugins && sameProperties(last.settings, settings)) return last.names
    const names = passwordSettings(settings, plugins)
    this.#passwords.set(connector, { settings, plugins, names })
    return names
  }

  /** A trace of the connector without them, and without those of all others. */
  shown(connector: string, trace: string | null): string | null {
    return trace === null ? null : withoutSecrets(redactor(this.#known.get(connector) ?? [])(trace))
  }
}
