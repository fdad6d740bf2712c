import { hideInLogs } from '../../base/secrets.ts'
import { javaTrim } from '../config-def/java-trim.ts'
import { BadRequestError, RuntimeError } from '../errors.ts'
import type { ConfigInfos, ConfigKeyInfo } from '../herder/herder.ts'
import { redact, secretValues, unloggable } from '../herder/redaction.ts'
import type { PluginDirectory } from '../herder/plugin-directory.ts'
import type { ConfigProviders } from '../providers/config-providers.ts'
import type { Properties } from '../stores/config-records.ts'
import type { PluginDescription, TaskRunner } from '../task-runner.ts'
import type { WorkerConfig } from '../worker-config.ts'
import { describeKey } from '../config-def/key.ts'
import { commonKeys, deadLetterKeys, noConverterDefaults, sinkKeys, sourceKeys } from './connector-keys.ts'
import { converterEntries } from './converter-keys.ts'
import { addError, configInfos, type Entries, entriesOfPlugin, entryOfKey, keyInfo } from './entries.ts'
import { millraceKeys } from './millrace-keys.ts'
import { overrideEntries } from './override-policy.ts'
import { checkSink } from './sink-rules.ts'
import { addStageKeys, type PluginValidation } from './stage-keys.ts'

export const NULL_VALUE = 'Null value can not be supplied as the configuration value.'

export interface ConfigValidatorOptions {
  readonly worker: WorkerConfig
  readonly providers: ConfigProviders
  readonly plugins: () => Promise<PluginDirectory>
  readonly validate: TaskRunner['validateConnector']
}

/** Validates connector configurations: the framework's keys, those of all plugins named in it, and the rules across keys. */
export class ConfigValidator {
  readonly #options: ConfigValidatorOptions

  constructor(options: ConfigValidatorOptions) {
    this.#options = options
  }

  /** `PUT /connector-plugins/{p}/config/validate`: `plugin` must be the end of `connector.class`, if that is given. */
  async validatePlugin(plugin: string, config: Properties): Promise<ConfigInfos> {
    const className = config['connector.class']
    if (className !== undefined && className !== null && !shortened(className).endsWith(shortened(plugin))) {
      throw new BadRequestError(`Included connector type ${className} does not match request type ${plugin}`)
    }
    try {
      return await this.validate(config)
    } catch (error) {
      if (error instanceof BadRequestError) throw new RuntimeError(error.message, { cause: error })
      throw error
    }
  }

  /** Throws {@link BadRequestError} with all messages when the configuration has errors. */
  async requireValid(config: Properties): Promise<void> {
    const infos = await this.validate(config)
    if (infos.error_count === 0) return
    const messages = infos.configs.flatMap(({ value }) => value?.errors ?? [])
    throw new BadRequestError(
      `Connector configuration is invalid and contains the following ${infos.error_count} error(s):\n` +
        `${messages.join('\n')}\n` +
        'You can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`',
    )
  }

  /**
   * Validates with references to configuration providers resolved; what they stand for, and passwords, are neither in the
   * answer nor in what is thrown.
   */
  async validate(config: Properties): Promise<ConfigInfos> {
    const props = await this.#options.providers.resolve(config)
    const secrets = secretValues(config, props, keysOf(await this.#options.plugins(), props['connector.class']))
    hideInLogs(unloggable(secrets, config))
    try {
      return hideValues(await this.#validate(props), config, props, secrets)
    } catch (error) {
      if (!(error instanceof Error)) throw error
      error.message = redact(error.message, secrets)
      error.stack = redact(error.stack ?? '', secrets)
      throw error
    }
  }

  async #validate(props: Properties): Promise<ConfigInfos> {
    const className = props['connector.class']
    if (className === undefined || className === null) {
      throw new BadRequestError('Connector config contains no connector type: set connector.class')
    }
    const plugins = await this.#options.plugins()
    const plugin = plugins.connector(javaTrim(className))
    const validate: PluginValidation = (of, own) => this.#options.validate(of.class, own)
    const entries: Entries = new Map()
    const ours = plugin.type === 'source' ? [...millraceKeys, ...deadLetterKeys] : millraceKeys
    const used = ours.filter(({ name }) => name in props)
    for (const configKey of [...this.#frameworkKeys(plugin, plugins), ...used])
      entries.set(configKey.name, entryOfKey(configKey, props))
    await addStageKeys(entries, props, plugins, validate)
    const values = await this.#options.validate(plugin.class, props)
    for (const entry of entriesOfPlugin(plugin.keys, values)) {
      const framework = entries.get(entry.name)
      if (entry.definition !== null || framework === undefined) entries.set(entry.name, entry)
      else framework.errors.push(...entry.errors)
    }
    const own = new Set(plugin.keys.map(({ name }) => name))
    for (const [name, value] of Object.entries(props))
      if (value === null && !own.has(name)) addError(entries, name, NULL_VALUE)
    if (plugin.type === 'sink') checkSink(entries, props, this.#options.worker.groupId)
    const appended = [
      ...overrideEntries(props, this.#options.worker.clientConfigOverridePolicy),
      ...(await converterEntries(entries, props, plugins, validate)),
    ]
    return configInfos(className, entries, appended)
  }

  /** `GET /connector-plugins/{p}/config`: the plugin's own keys, and for connectors the framework's that it leaves. */
  async pluginConfig(name: string): Promise<ConfigKeyInfo[]> {
    const plugin = (await this.#options.plugins()).any(name)
    const own = plugin.keys.map(keyInfo)
    if (plugin.type !== 'source' && plugin.type !== 'sink') return own
    const known = new Set(plugin.keys.map((definition) => definition.name))
    const rest = [...commonKeys(noConverterDefaults), ...(plugin.type === 'source' ? sourceKeys : sinkKeys)]
    return [
      ...own,
      ...rest.filter((configKey) => !known.has(configKey.name)).map((configKey) => keyInfo(describeKey(configKey))),
    ]
  }

  #frameworkKeys(plugin: PluginDescription, plugins: PluginDirectory) {
    const { worker } = this.#options
    const classesOf = (type: string): string[] =>
      plugins.all.filter((other) => other.type === type).map((other) => other.class)
    const defaults = {
      key: worker.keyConverter,
      value: worker.valueConverter,
      header: worker.headerConverter,
      converters: classesOf('converter'),
      headerConverters: classesOf('header_converter'),
    }
    return [...commonKeys(defaults), ...(plugin.type === 'source' ? sourceKeys : sinkKeys)]
  }
}

function keysOf(plugins: PluginDirectory, className: string | null | undefined): PluginDescription['keys'] {
  try {
    return plugins.find(javaTrim(className ?? ''), ['source', 'sink'])?.keys ?? []
  } catch {
    // Ambiguous: the validation itself says so.
    return []
  }
}

function hideValues(
  infos: ConfigInfos,
  config: Properties,
  props: Properties,
  secrets: readonly string[],
): ConfigInfos {
  const configs = infos.configs.map(({ definition, value }) => {
    if (value === null) return { definition, value }
    const raw = config[value.name]
    const isReference = raw !== undefined && raw !== props[value.name] && definition?.type !== 'PASSWORD'
    const shown = isReference && value.value !== null ? raw : value.value
    return { definition, value: { ...value, value: shown, errors: value.errors.map((text) => redact(text, secrets)) } }
  })
  return { ...infos, name: redact(infos.name, secrets), configs }
}

/** A class or plugin name without `Connector` at its end. */
function shortened(name: string): string {
  return name.endsWith('Connector') && name.length > 'Connector'.length ? name.slice(0, -'Connector'.length) : name
}
