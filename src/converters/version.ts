import { createRequire } from 'node:module'

const manifest = createRequire(import.meta.url)('../../package.json') as { readonly version: string }

/** The bundled plugins have the version of the package. */
export const version = manifest.version
