import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { glob, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** GitHub's anchor of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-')
}

async function documents(): Promise<string[]> {
  const found: string[] = []
  const options = { cwd: root, exclude: (name: string) => name === 'node_modules' || name.startsWith('.') }
  for await (const file of glob('**/*.md', options)) found.push(join(root, file))
  return found
}

test('links of the documents lead to files and headings that are there', async () => {
  const files = await documents()
  assert.ok(files.length > 20)
  const broken: string[] = []
  for (const file of files) {
    const text = (await readFile(file, 'utf8')).replaceAll(/```[\s\S]*?```/g, '').replaceAll(/`[^`\n]*`/g, '')
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      const [path = '', anchor] = target.split('#')
      const aim = path === '' ? file : join(dirname(file), path)
      if (!existsSync(aim)) broken.push(`${relative(root, file)} → ${target}`)
      else if (anchor !== undefined && aim.endsWith('.md')) {
        const headings = (await readFile(aim, 'utf8')).matchAll(/^#+ (.+)$/gm)
        if (![...headings].some(([, heading = '']) => anchorOf(heading) === anchor))
          broken.push(`${relative(root, file)} → ${target}`)
      }
    }
  }
  assert.deepEqual(broken, [])
})

test('each part has a README that says what lives there', async () => {
  const parts = ['src/base', 'src/net', 'src/protocol', 'src/broker', 'src/client', 'src/connect', 'src/converters']
  parts.push('src/transforms', 'src/runtime', 'src/rest', 'src/cli', 'bench', 'config', 'test')
  assert.deepEqual(
    parts.filter((part) => !existsSync(join(root, part, 'README.md'))),
    [],
  )
})
