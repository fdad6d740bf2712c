import { hideInLogs } from '../../base/secrets.ts'
import { javaTrim } from '../config-def/java-trim.ts'
import { BadRequestError, RuntimeError } from '../errors.ts'
import type { ConfigInfos, ConfigKeyInfo } from '../herder/herder.ts'
import { redactor, secretValues, unloggable } from '../herder/redaction.ts'
import { passwordSettings } from '../herder/secret-settings.ts'
import type { PluginDirectory } from '../herder/plugin-directory.ts'
import type { ConfigProviders } from '../providers/config-providers.ts'
import type { Properties } from '../stores/config-records.ts'
import type { PluginDescription, TaskRunner } from '../task-runner.ts'
import type { WorkerConfig } from '../worker-config.ts'
import { type ConfigKey, describeKey } from '../config-def/key.ts'
import { VersionMismatch } from '../plugins/choose-version.ts'
import { VersionRange, VersionRangeError } from '../plugins/version-range.ts'
import { commonKeys, deadLetterKeys, noConverterDefaults, sinkKeys, sourceKeys } from './connector-keys.ts'
import { converterDefault, converterEntries } from './converter-keys.ts'
import { addError, configInfos, type Entries, entriesOfPlugin, entryOfKey, keyInfo } from './entries.ts'
import { millraceKeys } from './millrace-keys.ts'
import { ClientSettingError, overrideEntries } from './override-policy.ts'
import { checkSink } from './sink-rules.ts'
import { checkSource } from './source-rules.ts'
import { addStageKeys, type PluginValidation } from './stage-keys.ts'

export const NULL_VALUE = 'Null value can not be supplied as the configuration value.'

export interface ConfigValidatorOptions {
  readonly worker: WorkerConfig
  readonly providers: ConfigProviders
  readonly plugins: () => Promise<PluginDirectory>
  readonly validate: TaskRunner['validateConnector']
  readonly checkOverrides: TaskRunner['checkOverrides']
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
      // Kafka Connect's answer to this call says which of its exceptions it was.
      if (error instanceof BadRequestError) {
        throw new RuntimeError(`org.apache.kafka.connect.runtime.rest.errors.BadRequestException: ${error.message}`, {
          cause: error,
        })
      }
      if (error instanceof ClientSettingError) {
        throw new RuntimeError(`org.apache.kafka.common.config.ConfigException: ${error.message}`, { cause: error })
      }
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
    const { props, provided } = await this.#options.providers.resolveWithTtls(config)
    const passwords = passwordSettings(props, await this.#options.plugins())
    const secrets = secretValues({ raw: config, resolved: props, provided, passwords })
    hideInLogs(unloggable(secrets).map((secret) => ({ ...secret, isPassing: true })))
    const hide = redactor(secrets)
    try {
      return hideValues(await this.#validate(props), config, props, hide)
    } catch (error) {
      if (!(error instanceof Error)) throw error
      error.message = hide(error.message)
      error.stack = hide(error.stack ?? '')
      throw error
    }
  }

  async #validate(props: Properties): Promise<ConfigInfos> {
    const className = props['connector.class']
    if (className === undefined || className === null) {
      throw new BadRequestError(`Connector config {${Object.keys(props).join(', ')}} contains no connector type`)
    }
    const plugins = await this.#options.plugins()
    let plugin: PluginDescription
    try {
      plugin = plugins.connector(javaTrim(className), rangeOf(props['connector.plugin.version']))
    } catch (error) {
      if (error instanceof VersionMismatch) return unmatchedVersion(props, className, error, plugins)
      throw error
    }
    return this.#validateWith(plugin, props, className, plugins)
  }

  async #validateWith(
    plugin: PluginDescription,
    props: Properties,
    className: string,
    plugins: PluginDirectory,
  ): Promise<ConfigInfos> {
    const { worker, checkOverrides } = this.#options
    const validate: PluginValidation = ({ class: name, type, version }, own) =>
      this.#options.validate(name, own, { type, version })
    const entries: Entries = new Map()
    const ours = plugin.type === 'source' ? [...millraceKeys, ...deadLetterKeys] : millraceKeys
    const used = ours.filter(({ name }) => name in props)
    for (const configKey of [...this.#frameworkKeys(plugin, props, plugins), ...used])
      entries.set(configKey.name, entryOfKey(configKey, props))
    await addStageKeys(entries, props, plugins, validate)
    if (plugin.type === 'sink') checkSink(entries, props, worker.groupId)
    else checkSource(entries, worker)
    const own = new Set(plugin.keys.map(({ name }) => name))
    addNullErrors(entries, props, own)
    const converters = await converterEntries(entries, props, plugins, validate)
    const overrides = await overrideEntries(props, plugin, worker, (request) =>
      checkOverrides(worker.clientConfigOverridePolicy, worker.properties, request),
    )
    const values = await validate(plugin, props)
    for (const entry of entriesOfPlugin(plugin.keys, values)) {
      const framework = entries.get(entry.name)
      if (entry.definition !== null || framework === undefined) entries.set(entry.name, entry)
      else framework.errors.push(...entry.errors)
    }
    return configInfos(className, entries, [...overrides, ...converters])
  }

  /**
   * `GET /connector-plugins/{p}/config`: the plugin's own keys, and for connectors the framework's that it leaves.
   * `version` is exact, a range, or `latest`. Throws {@link NotFoundError}, and {@link BadRequestError} for a version that
   * is not there.
   */
  async pluginConfig(name: string, version: string | null = null): Promise<ConfigKeyInfo[]> {
    const plugins = await this.#options.plugins()
    const plugin = pluginIn(plugins, name, version)
    const own = plugin.keys.map(keyInfo)
    if (plugin.type !== 'source' && plugin.type !== 'sink') return own
    const known = new Set(plugin.keys.map((definition) => definition.name))
    const connector = { version: plugins.versions(name, ['source', 'sink']).at(-1) ?? null, versions: [] }
    const rest = [
      ...commonKeys({ ...noConverterDefaults, connector }),
      ...(plugin.type === 'source' ? sourceKeys : sinkKeys),
    ]
    return [
      ...own,
      ...rest.filter((configKey) => !known.has(configKey.name)).map((configKey) => keyInfo(describeKey(configKey))),
    ]
  }

  #frameworkKeys(plugin: PluginDescription, props: Properties, plugins: PluginDirectory): ConfigKey[] {
    const { worker } = this.#options
    const versions = plugins.versions(plugin.class, [plugin.type])
    const defaults = {
      connector: { version: versions.at(-1) ?? null, versions },
      key: converterDefault('key', props, worker, plugins),
      value: converterDefault('value', props, worker, plugins),
      header: converterDefault('header', props, worker, plugins),
    }
    return [...commonKeys(defaults), ...(plugin.type === 'source' ? sourceKeys : sinkKeys)]
  }
}

function rangeOf(requirement: string | null | undefined): VersionRange | null {
  try {
    return VersionRange.parse(requirement)
  } catch (error) {
    if (error instanceof VersionRangeError) throw new BadRequestError(error.message)
    throw error
  }
}

function pluginIn(plugins: PluginDirectory, name: string, version: string | null): PluginDescription {
  let range: VersionRange | null
  try {
    range = VersionRange.parse(version)
  } catch (error) {
    if (error instanceof VersionRangeError) throw new BadRequestError(`Invalid version specification: ${version}`)
    throw error
  }
  try {
    return plugins.any(name, range)
  } catch (error) {
    if (error instanceof VersionMismatch) throw new BadRequestError(error.message)
    throw error
  }
}

/** Without the version that was asked for only the framework's common keys are known. */
function unmatchedVersion(
  props: Properties,
  className: string,
  mismatch: VersionMismatch,
  plugins: PluginDirectory,
): ConfigInfos {
  const entries: Entries = new Map()
  const version = plugins.versions(javaTrim(className), ['source', 'sink']).at(-1) ?? null
  for (const configKey of commonKeys({ ...noConverterDefaults, connector: { version, versions: mismatch.available } }))
    entries.set(configKey.name, entryOfKey(configKey, props))
  for (const kind of ['key', 'value', 'header']) {
    const entry = entries.get(`${kind}.converter.plugin.version`)
    if (entry !== undefined) entry.visible = typeof props[`${kind}.converter`] === 'string'
  }
  addError(entries, 'connector.class', mismatch.message)
  addError(entries, 'connector.plugin.version', mismatch.message)
  addNullErrors(entries, props, new Set())
  return configInfos(className, entries, [])
}

/** A null is an error on each key but the connector's own, which decides by itself. */
function addNullErrors(entries: Entries, props: Properties, ownKeys: ReadonlySet<string>): void {
  for (const [name, value] of Object.entries(props))
    if (value === null && !ownKeys.has(name)) addError(entries, name, NULL_VALUE)
}

function hideValues(
  infos: ConfigInfos,
  config: Properties,
  props: Properties,
  hide: (text: string) => string,
): ConfigInfos {
  const configs = infos.configs.map(({ definition, value }) => {
    if (value === null) return { definition, value }
    const raw = config[value.name]
    const isReference = raw !== undefined && raw !== props[value.name] && definition?.type !== 'PASSWORD'
    const found = raw === undefined && value.value !== null ? hide(value.value) : value.value
    const shown = isReference && value.value !== null ? raw : found
    const [errors, recommended] = [value.errors.map(hide), value.recommended_values.map(hide)]
    return { definition, value: { ...value, value: shown, errors, recommended_values: recommended } }
  })
  return { ...infos, name: hide(infos.name), configs }
}

/** A class or plugin name without `Connector` at its end. */
function shortened(name: string): string {
  return name.endsWith('Connector') && name.length > 'Connector'.length ? name.slice(0, -'Connector'.length) : name
}
