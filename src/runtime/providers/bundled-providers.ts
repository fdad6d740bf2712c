import { readdir, realpath, stat } from 'node:fs/promises'
import { isAbsolute, join, resolve, sep } from 'node:path'
import { inTime } from '../../base/bounded-call.ts'
import type { Logger } from '../../base/logger.ts'
import { parseProperties } from '../../base/properties.ts'
import { readTextFile } from '../../base/read-file.ts'
import { JavaRegex, javaRegexFault } from '../../connect/index.ts'
import { RuntimeError } from '../errors.ts'
import { simpleName } from '../plugins/plugin-names.ts'
import type { ProvidedValues } from '../task-runner.ts'

type Params = Readonly<Record<string, string>>

/** Gives the values of keys below a path; keys that it does not know are left out. */
export type ReadValues = (path: string, keys: readonly string[]) => Promise<ProvidedValues>

/** A provider of Kafka's that is part of the runtime. `params` have no prefix. Throws {@link RuntimeError} for wrong ones. */
export type MakeProvider = (params: Params, logger: Logger) => ReadValues

const PACKAGE = 'org.apache.kafka.common.config.provider'

const makers: Readonly<Record<string, MakeProvider>> = {
  FileConfigProvider(params, logger) {
    const isAllowed = pathGuard(params, logger)
    return async (path, keys) => {
      if (path === '' || !(await isAllowed(path))) return provided({})
      const found = parseProperties(await readable(path))
      return provided(pick(keys, (key) => (Object.hasOwn(found, key) ? found[key] : undefined)))
    }
  },
  DirectoryConfigProvider(params, logger) {
    const isAllowed = pathGuard(params, logger)
    return async (path, keys) => {
      if (path === '' || !(await isAllowed(path))) return provided({})
      const files = new Set(await filesIn(path, logger))
      const found = keys.filter((key) => files.has(key))
      // A file may be a link that leads elsewhere.
      const allowed = await Promise.all(found.map((key) => isAllowed(join(path, key))))
      const wanted = found.filter((_key, i) => allowed[i])
      const texts = await Promise.all(wanted.map((key) => readable(join(path, key))))
      return provided(Object.fromEntries(wanted.map((key, i) => [key, texts[i] as string])))
    }
  },
  EnvVarConfigProvider(params) {
    const pattern = params['allowlist.pattern']?.trim() ?? '.*'
    const fault = javaRegexFault(pattern)
    if (fault !== undefined) throw new RuntimeError(`Invalid value ${pattern} for allowlist.pattern: ${fault}`)
    const allowed = new JavaRegex(pattern)
    // The names come from whoever writes a configuration, and the expression may take for ever with some.
    const isAllowed = (key: string): boolean => inTime(() => allowed.matches(key)) === true
    return async (path, keys) => {
      if (path !== '') throw new RuntimeError('Path is not supported for EnvVarConfigProvider, use ${alias:NAME}')
      return provided(pick(keys, (key) => (isAllowed(key) ? process.env[key] : undefined)))
    }
  },
}

/** Their classes. */
export const bundledProviders: readonly string[] = Object.keys(makers).map((name) => `${PACKAGE}.${name}`)

/** The provider that a class, simple name or alias means, or null when it is none of these. */
export function bundledProvider(name: string): MakeProvider | null {
  const simple = simpleName(name)
  if (name !== simple && name !== `${PACKAGE}.${simple}`) return null
  return makers[simple] ?? makers[`${simple}ConfigProvider`] ?? null
}

function provided(values: Readonly<Record<string, string>>): ProvidedValues {
  return { values, ttlMs: null }
}

function pick(keys: readonly string[], valueOf: (key: string) => string | undefined): Record<string, string> {
  const found: Record<string, string> = {}
  for (const key of keys) {
    const value = valueOf(key)
    if (value !== undefined) found[key] = value
  }
  return found
}

async function filesIn(path: string, logger: Logger): Promise<string[]> {
  try {
    const names = await readdir(path)
    const infos = await Promise.all(names.map((name) => stat(join(path, name)).catch(() => null)))
    return names.filter((_name, i) => infos[i]?.isFile() === true)
  } catch {
    logger.warn({ path }, 'A configuration provider was asked for a directory that cannot be read')
    return []
  }
}

async function readable(path: string): Promise<string> {
  try {
    return await readTextFile(path)
  } catch (cause) {
    throw new RuntimeError(`Could not read properties from file ${path}`, { cause })
  }
}

/** Makes the check of `allowed.paths`: what lies outside is not resolved. Links are followed first. */
function pathGuard(params: Params, logger: Logger): (path: string) => Promise<boolean> {
  const roots = (params['allowed.paths'] ?? '')
    .split(',')
    .map((root) => root.trim())
    .filter((root) => root !== '')
  const relative = roots.find((root) => !isAbsolute(root))
  if (relative !== undefined) throw new RuntimeError(`allowed.paths: Path ${relative} is not absolute`)
  if (roots.length === 0) return async () => true
  return async (path) => {
    const real = await realpath(path).catch(() => resolve(path))
    const allowed = await Promise.all(roots.map((root) => realpath(root).catch(() => resolve(root))))
    const isInside = allowed.some((root) => real === root || real.startsWith(root.endsWith(sep) ? root : root + sep))
    if (!isInside) logger.warn({ path }, 'A configuration provider was asked for a path outside allowed.paths')
    return isInside
  }
}
