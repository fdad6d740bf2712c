import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePort } from '../support/free-port.ts'

const demo = fileURLToPath(new URL('../../bench/demo/demo.ts', import.meta.url))

/** Runs it until it ends by itself, or, if that does not happen, until the test ends. */
async function runDemo(
  t: TestContext,
  args: string[],
  onOutput: (text: string, child: { kill(signal: NodeJS.Signals): void }) => void = () => undefined,
) {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-demo-test-'))
  const child = spawn(process.execPath, [demo, '--data-dir', join('data', 'demo'), ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  t.after(async () => {
    // It stops what it has started.
    child.kill('SIGTERM')
    await exited
    await rm(folder, { recursive: true, force: true })
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      onOutput(output, child)
    })
  }
  return { code: await exited, output }
}

async function ports(): Promise<string[]> {
  const [rest, broker, postgres] = [await freePort(), await freePort(), await freePort()]
  return ['--rest-port', String(rest), '--broker-port', String(broker), '--postgres-port', String(postgres)]
}

test('the demo moves every row, compares row for row and ends with 0', async (t) => {
  const { code, output } = await runDemo(t, ['--once', '--rows', '30000', ...(await ports())])
  assert.equal(code, 0, output)
  assert.match(output, /30100 rows in the table, 30150 records in \d+ objects: they agree/)
  assert.match(output, /table → topic +[\d,]+ rows\/s/)
})

test('a taken port is named, with the option that changes it, and nothing is left running', async (t) => {
  const [, rest = '0', ...others] = await ports()
  const holder = createServer()
  await new Promise<void>((resolve) => holder.listen(Number(rest), '127.0.0.1', resolve))
  t.after(() => holder.close())
  const { code, output } = await runDemo(t, ['--once', '--rest-port', rest, ...others])
  assert.equal(code, 1)
  assert.match(output, new RegExp(`Port ${rest} is in use: choose another with --rest-port`))
})

test('SIGINT stops everything that the demo started', async (t) => {
  let sent = false
  const args = await ports()
  const { code, output } = await runDemo(t, ['--rows', '1000', ...args], (text, child) => {
    if (sent || !text.includes('Ctrl-C stops everything')) return
    sent = true
    child.kill('SIGINT')
  })
  assert.equal(code, 0, output)
  for (const port of args.filter((_text, i) => i % 2 === 1)) {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', () => reject(new Error(`something still listens on ${port}`)))
      server.listen(Number(port), '127.0.0.1', resolve)
    })
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
})
