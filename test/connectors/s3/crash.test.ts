import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('endless-writer.ts', import.meta.url))
const ROUNDS = 3
const FLUSH = 1000

test('whenever the writer is killed, objects are whole or not there, and the next run completes them alike', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-s3-crash-'))
  const objects = join(folder, 'bucket', 'topics', 'orders', 'partition=0')
  await mkdir(join(folder, 'bucket'))
  const seed = Math.floor(Math.random() * 1000)
  try {
    const seen = new Map<string, number>()
    for (let round = 0; round < ROUNDS; round++) {
      const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
      await waitForObject(child, objects, (round + 1) * 2 * FLUSH)
      await sleep((seed * (round + 7)) % 23)
      child.kill('SIGKILL')
      await once(child, 'exit')
      for (const name of await readdir(objects)) {
        const { mtimeMs } = await stat(join(objects, name))
        assert.equal(seen.get(name) ?? mtimeMs, mtimeMs, `${name} was not written twice (seed ${seed})`)
        seen.set(name, mtimeMs)
        await assertWhole(objects, name)
      }
    }
    // Several objects are finished at a time: one may be there while one before it is not, which the last run makes.
    const total = Math.max(...[...seen.keys()].map(firstOf)) + FLUSH
    const last = spawn(process.execPath, [script, folder, String(total)], { stdio: ['ignore', 'ignore', 'inherit'] })
    assert.deepEqual(await once(last, 'exit'), [0, null])
    const names = (await readdir(objects)).sort()
    assert.deepEqual(
      names,
      Array.from({ length: total / FLUSH }, (_, i) => `orders+0+${String(i * FLUSH).padStart(10, '0')}.json`),
    )
    for (const name of names) await assertWhole(objects, name)
    const left = await readdir(join(folder, 'bucket', '.millrace-uploads'), { recursive: true })
    assert.deepEqual(left, [], 'what the killed runs left behind is gone')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

/** The offset that an object begins with. */
function firstOf(name: string): number {
  return Number(name.slice('orders+0+'.length, -'.json'.length))
}

async function assertWhole(folder: string, name: string): Promise<void> {
  const lines = (await readFile(join(folder, name), 'utf8')).split('\n')
  const first = firstOf(name)
  assert.equal(lines.length, FLUSH + 1, `${name} is whole`)
  assert.equal(lines.at(-1), '')
  for (let i = 0; i < FLUSH; i += 333) {
    assert.equal((JSON.parse(lines[i] as string) as { n: number }).n, first + i)
  }
}

/** Waits until the object that begins at `offset` is there. */
async function waitForObject(child: ChildProcess, folder: string, offset: number): Promise<void> {
  const path = join(folder, `orders+0+${String(offset).padStart(10, '0')}.json`)
  const deadline = Date.now() + 20_000
  for (;;) {
    if (await stat(path).catch(() => null)) return
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${path} did not appear`)
    await sleep(2)
  }
}
