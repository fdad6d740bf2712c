import type { Logger } from '../../base/logger.ts'
import { WorkerConfigError } from '../errors.ts'
import type { PluginDirectory } from '../herder/plugin-directory.ts'
import type { PluginType } from '../task-runner.ts'
import type { WorkerConfig } from '../worker-config.ts'
import { VersionMismatch } from './choose-version.ts'
import { VersionRange, VersionRangeError } from './version-range.ts'

type Converters = Pick<WorkerConfig, 'keyConverter' | 'valueConverter' | 'headerConverter'>

const settings: readonly (readonly [string, keyof Converters, PluginType])[] = [
  ['key.converter', 'keyConverter', 'converter'],
  ['value.converter', 'valueConverter', 'converter'],
  ['header.converter', 'headerConverter', 'header_converter'],
]

/** Converters that are always there: for these nobody has to wait until plugins were looked for. */
const bundled =
  /^org\.apache\.kafka\.connect\.(?:json\.JsonConverter|storage\.(?:String|SimpleHeader)Converter|converters\.(?:Boolean|ByteArray|Double|Float|Integer|Long|Short)Converter)$/

/** Whether a worker has converters that plugins would have to bring. */
export function hasOwnConverters(config: Converters): boolean {
  return settings.some(([, name]) => !bundled.test(config[name]))
}

/** Throws {@link WorkerConfigError} when a converter of the worker is no plugin that is there. */
export function requireKnownConverters(config: Converters, plugins: PluginDirectory): void {
  const errors: Record<string, string[]> = {}
  for (const [setting, property, type] of settings) {
    const name = config[property]
    if (plugins.versions(name, [type]).length > 0) continue
    const there = plugins.all.filter((plugin) => plugin.type === type).map((plugin) => plugin.class)
    errors[setting] = [
      `Invalid value ${name} for configuration ${setting}: Class ${name} could not be found. There are ${[...new Set(there)].join(', ')}`,
    ]
  }
  if (Object.keys(errors).length > 0) throw new WorkerConfigError(errors)
}

/** Whether a worker asks for versions of its converters. */
export function hasConverterVersions({ properties }: Pick<WorkerConfig, 'properties'>): boolean {
  return settings.some(([setting]) => properties[`${setting}.plugin.version`] !== undefined)
}

/**
 * Says which of the versions that a worker asks for are not there. As with Kafka Connect it runs all the same: what fails is
 * each task whose connector names no converter of its own.
 */
export function warnOfConverterVersions(
  config: Converters & Pick<WorkerConfig, 'properties'>,
  plugins: PluginDirectory,
  logger: Logger,
): void {
  for (const [setting, property, type] of settings) {
    const name = `${setting}.plugin.version`
    const fault = versionFault(plugins, config[property], type, config.properties[name])
    if (fault === null) continue
    logger.warn(
      { setting: name },
      `${fault}. Tasks of connectors without a ${setting} of their own will fail: correct ${name}, or leave it out`,
    )
  }
}

function versionFault(
  plugins: PluginDirectory,
  className: string,
  type: PluginType,
  requirement: string | undefined,
): string | null {
  try {
    plugins.find(className, [type], VersionRange.parse(requirement))
    return null
  } catch (error) {
    if (error instanceof VersionMismatch || error instanceof VersionRangeError) return error.message
    throw error
  }
}
