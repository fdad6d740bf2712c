import { readFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'

const publicModules = new Map([
  ['millrace/connect', new URL('../../connect/index.ts', import.meta.url).href],
  ['millrace/connect/testing', new URL('../../connect/testing/index.ts', import.meta.url).href],
])

let registered = false

/**
 * Lets a plugin that lies anywhere, without a `node_modules` of its own, import `millrace/connect`: what its own folder
 * does not resolve is this package's. Also strips types of `.ts` modules inside `node_modules`, which Node refuses by
 * itself, so that a plugin package may be TypeScript as it stands. Once per thread; more calls do nothing.
 */
export function registerPluginResolution(): void {
  if (registered) return
  registered = true
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const own = publicModules.get(specifier)
      if (own === undefined) return nextResolve(specifier, context)
      try {
        return nextResolve(specifier, context)
      } catch {
        return { url: own, shortCircuit: true }
      }
    },
    load(url, context, nextLoad) {
      if (!url.startsWith('file:') || !/\/node_modules\/.*\.m?ts$/.test(url)) return nextLoad(url, context)
      const source = stripTypeScriptTypes(readFileSync(fileURLToPath(url), 'utf8'))
      return { format: 'module', source, shortCircuit: true }
    },
  })
}
