import { readFile, realpath } from 'node:fs/promises'
import { join, normalize, sep } from 'node:path'
import type { Logger } from '../../base/logger.ts'
import { parseProperties } from '../../base/properties.ts'
import { RuntimeError } from '../errors.ts'
import type { WorkerConfig } from '../worker-config.ts'

/** Gives the values of keys below a path; keys that it does not know are left out. */
export type ConfigProvider = (path: string) => Promise<(key: string) => string | undefined>

const reference = /\$\{([^}]*?):(?:([^}]*?):)?([^}]*?)\}/g

/** True when the value holds a `${provider:…}` reference. */
export function hasReference(value: string): boolean {
  return value.search(reference) !== -1
}

/** Resolves `${provider:[path:]key}` references of connector configurations, right before they are used. */
export class ConfigProviders {
  readonly #providers = new Map<string, ConfigProvider>()

  constructor(declared: WorkerConfig['configProviders'], logger: Logger) {
    for (const { alias, class: name, params } of declared) {
      const make = factories[name.slice(name.lastIndexOf('.') + 1)]
      if (make === undefined) {
        throw new RuntimeError(
          `config.providers.${alias}.class=${name} is not known; there are ${Object.keys(factories).join(', ')}`,
        )
      }
      this.#providers.set(alias, make(params, logger))
    }
  }

  /** A copy with all references resolved that can be; unknown providers and missing keys leave the text as it is. */
  async resolve<V extends string | null>(props: Readonly<Record<string, V>>): Promise<Record<string, V>> {
    const entries = Object.entries(props).map(
      async ([name, value]) => [name, value === null ? value : await this.#resolveText(value)] as const,
    )
    return Object.fromEntries(await Promise.all(entries)) as Record<string, V>
  }

  async #resolveText(text: string): Promise<string> {
    const replacements = await Promise.all(
      [...text.matchAll(reference)].map(async ([whole, alias = '', path = '', key = '']) => {
        const provider = this.#providers.get(alias)
        return provider === undefined ? whole : ((await provider(path))(key) ?? whole)
      }),
    )
    return text.replace(reference, () => replacements.shift() ?? '')
  }
}

type ProviderFactory = (params: Readonly<Record<string, string>>, logger: Logger) => ConfigProvider

const factories: Record<string, ProviderFactory> = {
  FileConfigProvider: (params, logger) => async (path) => {
    if (path === '' || !(await isAllowed(path, params, logger))) return () => undefined
    const values = parseProperties(await readable(path))
    return (key) => (Object.hasOwn(values, key) ? values[key] : undefined)
  },
  DirectoryConfigProvider: (params, logger) => async (path) => {
    if (path === '' || !(await isAllowed(path, params, logger))) return () => undefined
    const { readFileSync, readdirSync } = await import('node:fs')
    const files = new Set(listFiles(readdirSync, path))
    return (key) => (files.has(key) ? readFileSync(join(path, key), 'utf8') : undefined)
  },
  EnvVarConfigProvider: (params) => {
    const allowed = new RegExp(`^(?:${params['allowlist.pattern'] ?? '.*'})$`)
    return async (path) => {
      if (path !== '') throw new RuntimeError('Path is not supported for EnvVarConfigProvider, use ${env:NAME}')
      return (key) => (allowed.test(key) ? process.env[key] : undefined)
    }
  },
}

function listFiles(readdir: typeof import('node:fs').readdirSync, path: string): string[] {
  try {
    return readdir(path, { withFileTypes: true })
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map(({ name }) => name)
  } catch {
    return []
  }
}

async function readable(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new RuntimeError(`Could not read properties from file ${path}`, { cause })
  }
}

async function isAllowed(path: string, params: Readonly<Record<string, string>>, logger: Logger): Promise<boolean> {
  const roots = (params['allowed.paths'] ?? '').split(',').filter((root) => root.trim() !== '')
  if (roots.length === 0) return true
  const real = await realpath(path).catch(() => normalize(path))
  const inside = roots.some(
    (root) => real === normalize(root.trim()) || real.startsWith(`${normalize(root.trim())}${sep}`),
  )
  if (!inside) logger.warn({ path }, 'A configuration provider was asked for a path outside allowed.paths')
  return inside
}
