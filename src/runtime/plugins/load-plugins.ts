import { readdir } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { withDeadline } from '../../base/deadline.ts'
import type { Logger } from '../../base/logger.ts'
import { type Plugin, pluginFault } from './plugin.ts'
import { scanPluginPath } from './plugin-path.ts'
import { PluginRegistry } from './plugin-registry.ts'
import { registerPluginResolution } from './resolve-hook.ts'

/** How long a module of `plugin.path` may take to load, in milliseconds, before it is left out. */
const MODULE_LOAD_TIMEOUT_MS = 30_000

const connectorsFolder = new URL('../../../connectors/', import.meta.url)
const bundledModules = [
  new URL('../../converters/index.ts', import.meta.url),
  new URL('../../transforms/index.ts', import.meta.url),
]

/** Adds the bundled converters, transforms, predicates and connectors. */
export async function addBundledPlugins(registry: PluginRegistry, logger: Logger): Promise<void> {
  // Connectors import the plugin API by the package's own name, which they resolve by themselves in a checkout.
  registerPluginResolution()
  const connectors = (await readdir(connectorsFolder, { withFileTypes: true }).catch(() => []))
    .filter((entry) => entry.isDirectory())
    .map((entry) => new URL(`${entry.name}/index.ts`, connectorsFolder))
  for (const url of [...bundledModules, ...connectors]) await addModule(registry, url.href, logger, url.href)
}

export interface LoadOptions {
  /** The entries of `plugin.path`. */
  readonly pluginPath: readonly string[]
  readonly logger: Logger
  /** Modules (absolute paths) of `plugin.path` to leave out, because they hung a thread before. */
  readonly excludedModules?: readonly string[] | undefined
  /** Told when the bundled plugins are there, before those of `plugin.path` are loaded. */
  readonly onBundled?: (() => void) | undefined
  /** Told which module of `plugin.path` is being loaded, null when none is. */
  readonly onLoading?: ((file: string | null) => void) | undefined
}

/**
 * The registry of a thread: bundled plugins, then those of `plugin.path`. Runs the modules' own code, so call it in a task
 * thread only. A module that does not load, or in time, is left out with a warning: the others are of use without it.
 */
export async function loadPlugins(options: LoadOptions): Promise<PluginRegistry> {
  const { logger, excludedModules = [], onBundled, onLoading } = options
  const registry = new PluginRegistry()
  await addBundledPlugins(registry, logger)
  onBundled?.()
  // The worker says which entries could not be used: there are many threads.
  const { modules } = await scanPluginPath(options.pluginPath)
  for (const module of modules) {
    if (excludedModules.includes(module.file)) continue
    onLoading?.(module.file)
    await addModule(registry, pathToFileURL(module.file).href, logger, module.file)
  }
  if (modules.length > 0) onLoading?.(null)
  return registry
}

/** Adds the plugins of one module; a module that does not load is left out with a warning. */
export async function addModule(registry: PluginRegistry, url: string, logger: Logger, label: string): Promise<void> {
  let exports: Record<string, unknown>
  try {
    exports = await withDeadline(
      import(url) as Promise<Record<string, unknown>>,
      MODULE_LOAD_TIMEOUT_MS,
      `Loading plugin module ${label}`,
    )
  } catch (error) {
    logger.warn(
      { module: label, err: error },
      `Plugin module ${label} was left out, because it does not load: ${(error as Error).message}`,
    )
    return
  }
  const candidates = [exports['default'], ...Object.values(exports).filter(Array.isArray)].flat() as unknown[]
  if (candidates.every((candidate) => candidate === undefined))
    logger.warn(
      { module: label },
      `Plugin module ${label} exports no plugin: export one as default, or a list named plugins`,
    )
  for (const candidate of candidates) {
    if (candidate === undefined) continue
    const fault = pluginFault(candidate)
    if (fault !== null) logger.warn({ module: label }, `An export of plugin module ${label} was left out: it ${fault}`)
    else if (!registry.add(candidate as Plugin)) {
      logger.warn(
        { module: label },
        `Plugin ${(candidate as Plugin).class} of ${label} was left out: the class is there already`,
      )
    }
  }
}
