/**
 * Loaded before each test file. The runner limits the time of each test, but waits for the process of a file for ever: one
 * that something keeps open (a thread, a server, a child) is ended here with its children, and so failed, with a word on what
 * that is.
 */
import { ChildProcess } from 'node:child_process'
import { writeSync } from 'node:fs'
import { after } from 'node:test'
import { isMainThread } from 'node:worker_threads'

const DEADLINE_MS = 600_000
/** From the end of the last test; what the file itself does after its tests has this long, too. */
const END_MS = 60_000

function endAfter(ms: number, what: string): void {
  const end = (): void => {
    const open = process.getActiveResourcesInfo().join(', ')
    writeSync(2, `${process.argv[1]} did not end within ${ms / 1000} s ${what}; open: ${open}\n`)
    const { _getActiveHandles: handles } = process as unknown as { _getActiveHandles(this: void): unknown[] }
    for (const handle of handles()) if (handle instanceof ChildProcess) handle.kill('SIGKILL')
    // An orderly end would wait for the threads.
    process.kill(process.pid, 'SIGKILL')
  }
  setTimeout(end, ms).unref()
}

if (isMainThread && process.env['NODE_TEST_CONTEXT'] !== undefined) {
  endAfter(DEADLINE_MS, 'of its start')
  after(() => endAfter(END_MS, 'of its last test'))
}
