import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { referencePages } from '../../src/cli/docs/reference.ts'
import { workerKeys } from '../../src/runtime/worker-config.ts'

const folder = new URL('../../docs/reference/', import.meta.url)
const pages = await referencePages()

test('the reference pages are what the code declares; run npm run docs when they are not', async () => {
  assert.deepEqual((await readdir(folder)).toSorted(), Object.keys(pages).toSorted())
  for (const [file, text] of Object.entries(pages)) {
    const written = await readFile(new URL(file, folder), 'utf8')
    assert.ok(written === text, `docs/reference/${file} is stale: run npm run docs and commit it`)
  }
})

test('every worker property is on its page', () => {
  const page = pages['worker-properties.md'] ?? ''
  assert.deepEqual(
    workerKeys.filter(({ name }) => !page.includes(`| \`${name}\` |`)).map(({ name }) => name),
    [],
  )
})

test('rows of a table have as many cells as its head', () => {
  for (const [file, text] of Object.entries(pages)) {
    let cells = 0
    for (const line of text.split('\n')) {
      const count = line.startsWith('|') ? line.split(/(?<!\\)\|/).length : 0
      if (cells !== 0 && count !== 0) assert.equal(count, cells, `${file}: ${line}`)
      cells = count
    }
  }
})

test('links between the pages lead somewhere', () => {
  for (const [file, text] of Object.entries(pages)) {
    for (const [, target = ''] of text.matchAll(/\]\(([^)#:]+\.md)(?:#[^)]*)?\)/g)) {
      assert.ok(target in pages, `${file} links to ${target}`)
    }
  }
})
