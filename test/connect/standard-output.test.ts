import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'

const connect = new URL('../../src/connect/index.ts', import.meta.url).href

/**
 * Runs a program that has an `output` with what it was logged to as `warnings`, and `stop` to stop its task. Gives what it
 * says, as JSON on standard error.
 */
async function said(t: TestContext, program: string, stdout: 'pipe' | number): Promise<unknown> {
  const code = `
    import { StandardOutput } from ${JSON.stringify(connect)}
    process.stdout.on('error', () => {})
    const stopping = new AbortController()
    const stop = () => stopping.abort()
    const warnings = []
    const logger = { warn: (fields, message) => warnings.push(message) }
    const output = new StandardOutput({ signal: stopping.signal, logger })
    const bytes = (count) => Buffer.from(('x'.repeat(99) + '\\n').repeat(count / 100))
    ${program}
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', stdout, 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  return JSON.parse(await text(child.stderr as NonNullable<typeof child.stderr>))
}

test('a task waits for a reader that does not read, but not for long once it is to stop', {
  timeout: 60_000,
}, async (t) => {
  const answers = await said(
    t,
    `
    const taken = await output.write(bytes(10_000))
    let isWaiting = true
    const waiting = output.write(bytes(1_000_000)).finally(() => { isWaiting = false })
    setTimeout(async () => {
      const hasWaited = isWaiting
      stop()
      const last = [await waiting]
      const before = performance.now()
      last.push(await output.write(bytes(10_000)))
      console.error(JSON.stringify([taken, hasWaited, ...last, performance.now() - before < 1000, warnings]))
      process.exit(0)
    }, 100)
  `,
    'pipe',
  )
  assert.deepEqual(answers, ['written', true, 'stopped', 'stopped', true, []])
})

test('what a full disk does not take is lost, which is logged once', { skip: !existsSync('/dev/full') }, async (t) => {
  const full = openSync('/dev/full', 'w')
  t.after(() => closeSync(full))
  const answers = await said(
    t,
    `
    const answers = [await output.write(bytes(100)), await output.write(bytes(100))]
    console.error(JSON.stringify([...answers, ...warnings]))
  `,
    full,
  )
  const warning = 'Standard output cannot be written: what is printed is lost until it can'
  assert.deepEqual(answers, ['lost', 'lost', warning])
})
