import { mkdir, writeFile } from 'node:fs/promises'
import { referencePages } from './reference.ts'

/** `npm run docs`: writes docs/reference. */
const folder = new URL('../../../docs/reference/', import.meta.url)
await mkdir(folder, { recursive: true })
const pages = await referencePages()
for (const [file, text] of Object.entries(pages)) await writeFile(new URL(file, folder), text)
process.stdout.write(`Wrote ${Object.keys(pages).length} pages to docs/reference\n`)
