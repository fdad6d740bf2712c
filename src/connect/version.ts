import { createRequire } from 'node:module'

const manifest = createRequire(import.meta.url)('../../package.json') as { readonly version: string }

/** Version of this package; the bundled plugins have it as theirs. */
export const millraceVersion: string = manifest.version
