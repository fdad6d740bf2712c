import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'

const module = (file: string): string => JSON.stringify(new URL(`../../src/base/${file}`, import.meta.url).href)

type Running = ChildProcessByStdio<null, Readable, Readable> & { exited: Promise<unknown> }

/** Runs a program that has a `logger`; its standard error is for what it has to say to the test. */
function run(t: TestContext, program: string, stdout: 'pipe' | number): Running {
  const code = `
    import { createLogger } from ${module('logger.ts')}
    import { standardStream } from ${module('standard-stream.ts')}
    const logger = createLogger()
    ${program}
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', stdout, 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  const exited = once(child, 'exit').then(([exitCode]) => exitCode as unknown)
  return Object.assign(child as ChildProcessByStdio<null, Readable, Readable>, { exited })
}

/** Each holds up to a kilobyte. */
const LINES = 5000
const logLines = `for (let i = 0; i < ${LINES}; i++) logger.info({ i, padding: 'x'.repeat(900) }, 'counted')`

/** A program that has logged more than a pipe holds, and logs one line more when it gets SIGTERM. */
async function hasLogged(t: TestContext): Promise<Running> {
  const program = `
    process.on('SIGTERM', () => { logger.info('last'); process.exit(0) })
    setInterval(() => {}, 1000)
    ${logLines}
    process.stderr.write('logged')
  `
  const child = run(t, program, 'pipe')
  await once(child.stderr, 'data')
  return child
}

interface Line {
  readonly level: number
  readonly i?: number
  readonly msg: string
}

const parsed = (output: string): Line[] =>
  output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)

test('a reader that has stopped holds up neither the process nor its end', async (t) => {
  const child = await hasLogged(t)
  child.kill('SIGTERM')
  assert.equal(await child.exited, 0)
})

test('lines that a slow reader has no room for are counted in a line, and all others are whole and in order', async (t) => {
  const child = await hasLogged(t)
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (!output.includes('were lost') && (output + chunk).includes('were lost')) child.kill('SIGTERM')
    output += chunk
  })
  assert.equal(await child.exited, 0)
  const lines = parsed(output)
  const counted = lines.filter(({ msg }) => msg === 'counted')
  const lost = lines.filter(({ msg }) => msg.includes('were lost')).map(({ msg }) => Number.parseInt(msg, 10))
  assert.deepEqual(
    counted.map(({ i }) => i),
    counted.map((_line, i) => i),
  )
  assert.ok(counted.length >= 1000 && counted.length < LINES, `${counted.length} lines`)
  assert.deepEqual(lost, [LINES - counted.length])
  assert.equal(lines.at(-1)?.msg, 'last')
})

test('a reader that is only late gets every line, of prints as well, before the process ends', async (t) => {
  const child = run(
    t,
    `
    ${logLines}
    await standardStream(1).print(Array.from({ length: ${LINES} }, (_line, i) => JSON.stringify({ i, msg: 'printed ' + 'x'.repeat(900) }) + '\\n').join(''))
    process.exit(0)
  `,
    'pipe',
  )
  const lines = parsed(await text(child.stdout))
  assert.deepEqual(
    lines.map(({ i }) => i),
    Array.from({ length: 2 * LINES }, (_line, i) => i % LINES),
  )
})

test('a process whose reader is gone goes on', async (t) => {
  const child = run(
    t,
    `
    process.on('SIGTERM', async () => {
      logger.info('nobody reads this')
      await standardStream(1).print('nor this\\n')
      process.stdout.write('or this\\n', () => process.exit(0))
    })
    setInterval(() => {}, 1000)
    logger.info('here')
  `,
    'pipe',
  )
  await once(child.stdout, 'data')
  child.stdout.destroy()
  await once(child.stdout, 'close')
  child.kill('SIGTERM')
  assert.equal(await child.exited, 0)
})

test('a process whose output is on a full disk goes on', { skip: !existsSync('/dev/full') }, async (t) => {
  const full = openSync('/dev/full', 'w')
  const child = run(
    t,
    `
    logger.info('not written')
    await standardStream(1).print('nor this\\n')
    setTimeout(() => process.exit(0), 1)
  `,
    full,
  )
  closeSync(full)
  assert.equal(await child.exited, 0, await text(child.stderr))
})
