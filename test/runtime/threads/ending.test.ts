import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { Worker } from 'node:worker_threads'
import { withDeadline } from '../../../src/base/deadline.ts'
import { probeThread } from '../../../src/runtime/threads/current-call.ts'
import { distrust, endThread, trust } from '../../../src/runtime/threads/ending.ts'
import { ThreadSession } from '../../../src/runtime/threads/thread-session.ts'

/** A thread that says so when it is about to do what `code` does, and ends with the test. */
async function threadIn(t: TestContext, code: string): Promise<Worker> {
  const worker = new Worker(
    `require('node:worker_threads').parentPort.postMessage('now');setImmediate(() => {${code}})`,
    {
      eval: true,
    },
  )
  t.after(() => endThread(worker))
  await once(worker, 'message')
  return worker
}

/** A thread that has been in an endless loop for a while. */
async function loopingThread(t: TestContext): Promise<Worker> {
  const rounds = new Int32Array(new SharedArrayBuffer(4))
  const code = "const { workerData } = require('node:worker_threads'); for (;;) Atomics.add(workerData, 0, 1)"
  const worker = new Worker(code, { eval: true, workerData: rounds })
  t.after(() => endThread(worker))
  while (Atomics.load(rounds, 0) < 100_000) await new Promise((resolve) => setTimeout(resolve, 1))
  return worker
}

// Whatever point the probe has come to when its time is over: a thread is interrupted within 5 to 300 ms.
for (const timeoutMs of [0, 1, 5, 20, 40, 60, 80, 100, 130, 170]) {
  test(`a thread in an endless loop ends after a probe that had ${timeoutMs} ms`, async (t) => {
    const worker = await threadIn(t, 'for (;;);')
    await probeThread(worker.threadId, timeoutMs)
    await withDeadline(endThread(worker), 20_000, 'Ending the thread')
  })
}

test('a probe says where the endless loop is, and the thread ends after it', async (t) => {
  const worker = await loopingThread(t)
  const probe = await probeThread(worker.threadId, 20_000)
  assert.match(probe?.stack ?? '', /^\tat .*\[worker eval\]:1:/)
  await withDeadline(endThread(worker), 20_000, 'Ending the thread')
})

test('a thread that only begins an endless loop is interrupted, too', async (t) => {
  // One in twenty forgot that it was to pause, when it was asked once.
  for (let round = 0; round < 50; round++) {
    const worker = await threadIn(t, 'for (;;);')
    assert.notEqual(await probeThread(worker.threadId, 20_000), null)
    await withDeadline(endThread(worker), 20_000, 'Ending the thread')
  }
})

test('a thread ends while a probe is under way', async (t) => {
  for (const leadMs of [1, 50, 100]) {
    const worker = await threadIn(t, 'for (;;);')
    const probe = probeThread(worker.threadId, 2000)
    await new Promise((resolve) => setTimeout(resolve, leadMs))
    await withDeadline(endThread(worker), 20_000, 'Ending the thread')
    await probe
  }
})

/** The exit code of a process that runs `code` with a `worker` that reads a pipe into which nobody ever writes. */
async function codeOfProcess(code: string): Promise<number | null> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-ending-'))
  try {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const module = (path: string): string => JSON.stringify(new URL(`../../../src/${path}`, import.meta.url).href)
    const program = `
      import { once } from 'node:events'
      import { constants, openSync } from 'node:fs'
      import { Worker } from 'node:worker_threads'
      import { distrust, endThread, trust } from ${module('runtime/threads/ending.ts')}
      import { probeThread } from ${module('runtime/threads/current-call.ts')}
      const inThread = (code) => \`require('node:worker_threads').parentPort.postMessage('now'); \${code}\`
      const read = "require('node:fs').readFileSync(" + JSON.stringify(${JSON.stringify(pipe)}) + ", 'utf8')"
      const worker = new Worker(inThread(read), { eval: true })
      // As utf8 it is opened and read in one native call, and can be opened here as soon as that has begun.
      for (let isReading = false; !isReading; ) {
        await new Promise((resolve) => setTimeout(resolve, 5))
        try {
          openSync(${JSON.stringify(pipe)}, constants.O_WRONLY | constants.O_NONBLOCK)
          isReading = true
        } catch (error) {
          if (error.code !== 'ENXIO') throw error
        }
      }
      ${code}`
    const file = join(folder, 'program.mjs')
    writeFileSync(file, program)
    const child = spawn(process.execPath, [file], { stdio: ['ignore', 'ignore', 'inherit'] })
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
    const [exitCode] = (await once(child, 'exit')) as [number | null]
    clearTimeout(timer)
    return exitCode
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('process.exit does not wait for a thread in native code that is to end, and keeps its code', async () => {
  assert.equal(await codeOfProcess('void endThread(worker); process.exit(7)'), 7)
})

test('a process with nothing else to do ends in spite of such a thread', async () => {
  assert.equal(await codeOfProcess('void endThread(worker); process.exitCode = 8'), 8)
})

test('process.exit does not wait for a thread that a probe has paused', async () => {
  const code = `
    const other = new Worker(inThread('for (;;);'), { eval: true })
    await once(other, 'message')
    void endThread(worker)
    distrust(other)
    void probeThread(other.threadId, 2000)
    setTimeout(() => process.exit(9), 60)`
  assert.equal(await codeOfProcess(code), 9)
})

test('a thread that is trusted again, or has ended, does not change how the process ends', async (t) => {
  const listeners = process.listenerCount('exit')
  const waiting = 'setInterval(() => {}, 1000)'
  const [one, other] = [await threadIn(t, waiting), await threadIn(t, waiting)]
  distrust(one)
  distrust(other)
  assert.equal(process.listenerCount('exit'), listeners + 1)
  trust(one)
  assert.equal(process.listenerCount('exit'), listeners + 1)
  await Promise.all([endThread(one), endThread(other)])
  assert.equal(process.listenerCount('exit'), listeners)
})

test('what a thread answers is heard when the present code has ended, not in the middle of it', async (t) => {
  const worker = await loopingThread(t)
  let answers = 0
  let answersWithin = -1
  await new Promise<void>((resolve, reject) => {
    const session = new ThreadSession({
      onAttached() {
        session.send(1, 'Runtime.evaluate', { expression: '1' })
        const until = performance.now() + 300
        while (answers === 0 && performance.now() < until);
        answersWithin = answers
      },
      onMessage() {
        answers++
        session.close()
        resolve()
      },
      onFailed: () => reject(new Error('the session failed')),
    })
    session.open(worker.threadId)
  })
  assert.equal(answersWithin, 0)
})
