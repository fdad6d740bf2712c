import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Logger } from '../../base/logger.ts'
import { readTextFile } from '../../base/read-file.ts'

/** A module that may hold plugins. */
export interface PluginModule {
  /** Absolute path of the module's file. */
  readonly file: string
  /** For messages: the entry of `plugin.path` that it was found by. */
  readonly entry: string
}

export interface PluginPathScan {
  readonly modules: PluginModule[]
  /** Sentences about entries that could not be used. */
  readonly problems: string[]
}

const moduleName = /\.(?:ts|mts|js|mjs)$/
const notAPlugin = /(?:\.d\.m?ts|\.(?:test|spec)\.[a-z]+)$/
const empty =
  'has no plugins: they are .ts, .mts, .js and .mjs files, and npm packages that name theirs; JAR files are not read'
const indexNames = ['index.ts', 'index.mts', 'index.js', 'index.mjs']

/**
 * Finds the plugin modules that `plugin.path` names. An entry is a module file; a folder with `package.json` that says
 * `"millrace": {"plugins": "./index.ts"}` (or a list of files); a folder with an `index` module; or a folder of any of these
 * (`node_modules` and `@scope` folders below it are searched for packages that say so).
 */
export async function scanPluginPath(pluginPath: readonly string[]): Promise<PluginPathScan> {
  const scan: PluginPathScan = { modules: [], problems: [] }
  const seen = new Set<string>()
  for (const raw of pluginPath) {
    const entry = raw.trim()
    if (entry === '') continue
    const found: string[] = []
    try {
      const path = resolve(entry)
      const info = await stat(path)
      if (info.isDirectory()) {
        const before = scan.problems.length
        await scanFolder(path, found, scan.problems)
        if (found.length === 0 && scan.problems.length === before)
          scan.problems.push(`plugin.path entry ${entry} ${empty}`)
      } else if (info.isFile() && moduleName.test(path)) found.push(path)
      else scan.problems.push(`plugin.path entry ${entry} is neither a folder nor a .ts, .mts, .js or .mjs file`)
    } catch (error) {
      scan.problems.push(`plugin.path entry ${entry} cannot be read: ${(error as Error).message}`)
    }
    for (const file of found) {
      if (seen.has(file)) continue
      seen.add(file)
      scan.modules.push({ file, entry })
    }
  }
  return scan
}

async function scanFolder(folder: string, found: string[], problems: string[]): Promise<void> {
  if (await isPluginFolder(folder, found, problems)) return
  for (const child of await children(folder)) {
    const path = join(folder, child.name)
    if (child.isDirectory) {
      if (child.name === 'node_modules') await scanPackages(path, found, problems)
      else await isPluginFolder(path, found, problems)
    } else if (child.isFile && moduleName.test(child.name) && !notAPlugin.test(child.name)) {
      found.push(path)
    }
  }
}

async function scanPackages(folder: string, found: string[], problems: string[]): Promise<void> {
  for (const child of await children(folder)) {
    if (!child.isDirectory) continue
    const path = join(folder, child.name)
    if (child.name.startsWith('@')) await scanPackages(path, found, problems)
    else await declaredPlugins(path, found, problems)
  }
}

async function isPluginFolder(folder: string, found: string[], problems: string[]): Promise<boolean> {
  if (await declaredPlugins(folder, found, problems)) return true
  for (const name of indexNames) {
    const path = join(folder, name)
    if (await exists(path)) {
      found.push(path)
      return true
    }
  }
  return false
}

/** True when the folder's package.json speaks of plugins, well or badly. */
async function declaredPlugins(folder: string, found: string[], problems: string[]): Promise<boolean> {
  const manifest = join(folder, 'package.json')
  let text: string
  try {
    text = await readTextFile(manifest)
  } catch {
    return false
  }
  let declared: unknown
  try {
    declared = (JSON.parse(text) as { millrace?: { plugins?: unknown } } | null)?.millrace?.plugins
  } catch (error) {
    problems.push(`${manifest} is not valid JSON: ${(error as Error).message}`)
    return false
  }
  if (declared === undefined) return false
  const list = Array.isArray(declared) ? declared : [declared]
  for (const item of list) {
    if (typeof item !== 'string') {
      problems.push(`${manifest}: "millrace"."plugins" must be the path of a module or a list of such paths`)
      continue
    }
    const path = resolve(folder, item)
    if (await exists(path)) found.push(path)
    else problems.push(`${manifest}: "millrace"."plugins" names ${item}, which does not exist`)
  }
  return true
}

async function children(folder: string): Promise<{ name: string; isDirectory: boolean; isFile: boolean }[]> {
  const names = (await readdir(folder)).filter((name) => !name.startsWith('.')).sort()
  const list: { name: string; isDirectory: boolean; isFile: boolean }[] = []
  for (const name of names) {
    try {
      const info = await stat(join(folder, name))
      list.push({ name, isDirectory: info.isDirectory(), isFile: info.isFile() })
    } catch {
      // A dangling link is no plugin.
    }
  }
  return list
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

/** Says which entries of `plugin.path` could not be used. Runs no code of plugins. */
export async function logPluginPathProblems(pluginPath: readonly string[], logger: Logger): Promise<void> {
  const { problems } = await scanPluginPath(pluginPath)
  for (const problem of problems) logger.warn({}, problem)
}
