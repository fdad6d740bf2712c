import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** Which part may import which; a part may always import itself. The arrows of docs/architecture.md. */
const allowed: Record<string, readonly string[]> = {
  base: [],
  protocol: [],
  connect: [],
  net: ['base', 'protocol'],
  broker: ['base', 'net', 'protocol'],
  client: ['base', 'net', 'protocol'],
  converters: ['connect'],
  transforms: ['connect'],
  connectors: ['connect'],
  runtime: ['base', 'protocol', 'connect', 'client', 'converters', 'transforms', 'connectors'],
  rest: ['base', 'connect', 'runtime'],
  cli: ['base', 'connect', 'client', 'broker', 'runtime', 'rest'],
}

const statement =
  /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g

interface Edge {
  from: string
  to: string
}

function partOf(file: string): string {
  const [top, second] = relative(root, file).split(sep)
  return top === 'src' ? (second ?? '') : (top ?? '')
}

function importGraph(): { files: string[]; edges: Edge[]; bare: Edge[] } {
  const files = globSync('{src,connectors}/**/*.ts', { cwd: root }).map((file) => join(root, file))
  const edges: Edge[] = []
  const bare: Edge[] = []
  for (const from of files) {
    for (const match of readFileSync(from, 'utf8').matchAll(statement)) {
      const specifier = match[1] ?? match[2] ?? match[3] ?? ''
      if (specifier.startsWith('.')) edges.push({ from, to: join(dirname(from), specifier) })
      else bare.push({ from, to: specifier })
    }
  }
  return { files, edges, bare }
}

const graph = importGraph()
const show = (file: string): string => relative(root, file)

test('each part imports only the parts that the architecture allows', () => {
  const wrong = graph.edges
    .filter(({ from, to }) => partOf(from) !== partOf(to) && !allowed[partOf(from)]?.includes(partOf(to)))
    .map(({ from, to }) => `${show(from)} imports ${show(to)}`)
  assert.deepEqual(wrong, [])
})

test('every imported file exists and is named with its ending', () => {
  const known = new Set(graph.files)
  const missing = graph.edges.filter(({ to }) => (to.endsWith('.ts') ? !known.has(to) : !/\.(c?js|json)$/.test(to)))
  assert.deepEqual(
    missing.map(({ from, to }) => `${show(from)} imports ${show(to)}`),
    [],
  )
})

test('bundled connectors reach Millrace only through its public exports, and one another not at all', () => {
  const wrong = graph.edges
    .filter(
      ({ from, to }) =>
        partOf(from) === 'connectors' && relative(root, from).split(sep)[1] !== relative(root, to).split(sep)[1],
    )
    .map(({ from, to }) => `${show(from)} imports ${show(to)}`)
  assert.deepEqual(wrong, [])
})

test('only connectors and the parts beside them name the package by its own name', () => {
  const wrong = graph.bare.filter(({ from, to }) => to.startsWith('millrace') && partOf(from) !== 'connectors')
  assert.deepEqual(
    wrong.map(({ from, to }) => `${show(from)} imports ${to}`),
    [],
  )
})

test('the import graph has no cycle', () => {
  const next = new Map<string, string[]>()
  for (const { from, to } of graph.edges) next.set(from, [...(next.get(from) ?? []), to])
  const done = new Set<string>()
  const path: string[] = []
  const visit = (file: string): void => {
    const at = path.indexOf(file)
    assert.equal(at, -1, `import cycle: ${[...path.slice(at), file].map(show).join(' → ')}`)
    if (done.has(file)) return
    path.push(file)
    for (const to of next.get(file) ?? []) visit(to)
    path.pop()
    done.add(file)
  }
  for (const file of graph.files) visit(file)
})

test('each library is wrapped in one part', () => {
  const owners: Record<string, readonly string[]> = {
    fastify: ['rest'],
    pg: ['connectors'],
    '@aws-sdk/client-s3': ['connectors'],
    ajv: ['connect'],
    pino: ['base'],
    commander: ['cli'],
    '@node-rs/crc32': ['protocol'],
    '@platformatic/wasm-utils': ['protocol'],
  }
  const wrong = graph.bare.filter(({ from, to }) => {
    const owner = owners[to]
    return owner !== undefined && !owner.includes(partOf(from))
  })
  assert.deepEqual(
    wrong.map(({ from, to }) => `${show(from)} imports ${to}`),
    [],
  )
})
