import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

/** The lines that a program writes which has a `logger`. */
function linesOf(program: string): string[] {
  const module = new URL('../../src/base/logger.ts', import.meta.url).href
  const code = `import { createLogger } from ${JSON.stringify(module)}; const logger = createLogger({ bindings: { thread: 't' } }); ${program}`
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
  assert.equal(run.status, 0, run.stderr)
  return run.stdout.trimEnd().split('\n')
}

test('a field that all lines of a logger have anyway is in a line once', () => {
  const [line = '', other = ''] = linesOf(`
    const child = logger.child({ connector: 'c', task: 0 })
    child.info({ connector: 'c', task: 0, topic: 't' }, 'Said')
    child.info('Without fields')
  `)
  assert.equal(line.match(/"connector":/g)?.length, 1, line)
  assert.partialDeepStrictEqual(JSON.parse(line), { thread: 't', connector: 'c', task: 0, topic: 't', msg: 'Said' })
  assert.partialDeepStrictEqual(JSON.parse(other), { connector: 'c', msg: 'Without fields' })
})

test('what an error says of its cause is said once; a cause that it keeps to itself is added', () => {
  const [line = '', other = ''] = linesOf(`
    const cause = new Error('no such file')
    logger.error({ err: new Error('Opening x failed: no such file', { cause }) }, 'Failed')
    logger.error({ err: new Error('Opening x failed', { cause }) }, 'Failed')
  `)
  const messageOf = (text: string): string => (JSON.parse(text) as { err: { message: string } }).err.message
  assert.equal(messageOf(line), 'Opening x failed: no such file')
  assert.equal(messageOf(other), 'Opening x failed: no such file')
  assert.match(line, /caused by: Error: no such file/)
})
