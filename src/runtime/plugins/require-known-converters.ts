import { WorkerConfigError } from '../errors.ts'
import type { PluginDirectory } from '../herder/plugin-directory.ts'
import type { PluginType } from '../task-runner.ts'
import type { WorkerConfig } from '../worker-config.ts'

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
