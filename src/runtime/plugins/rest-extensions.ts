import { pathToFileURL } from 'node:url'
import type { Logger } from '../../base/logger.ts'
import { ConfigError, type RestExtensionPlugin } from '../../connect/index.ts'
import { WorkerConfigError } from '../errors.ts'
import { addModule } from './load-plugins.ts'
import { scanPluginPath } from './plugin-path.ts'
import { PluginRegistry } from './plugin-registry.ts'
import { registerPluginResolution } from './resolve-hook.ts'

export interface RestExtensionsOptions {
  /** `rest.extension.classes`: classes or short names. */
  readonly classes: readonly string[]
  readonly bundled: readonly RestExtensionPlugin[]
  readonly pluginPath: readonly string[]
  readonly logger: Logger
}

/**
 * The extensions that the classes name, in their order. Modules of `plugin.path` are loaded in this thread, but only when a
 * class is not bundled, and only until all are found. Throws {@link WorkerConfigError} for one that is not there.
 */
export async function loadRestExtensions(options: RestExtensionsOptions): Promise<RestExtensionPlugin[]> {
  const { classes, bundled, logger } = options
  const registry = new PluginRegistry()
  for (const plugin of bundled) registry.add(plugin)
  const missing = (): boolean => classes.some((name) => registry.find(name, ['rest_extension']).length === 0)
  if (missing()) {
    registerPluginResolution()
    const { modules } = await scanPluginPath(options.pluginPath)
    for (const { file } of modules) {
      await addModule(registry, pathToFileURL(file).href, logger, file)
      if (!missing()) break
    }
  }
  try {
    return classes.map((name) => registry.resolve(name, 'rest_extension'))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new WorkerConfigError({ 'rest.extension.classes': [error.message] })
  }
}
