/**
 * Loaded before each test file. The runner limits the time of each test, but waits for the process of a file for ever: one
 * that something keeps open (a thread, a server, a child) is ended here, and so failed, with a word on what that is.
 */
import { writeSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

const DEADLINE_MS = 600_000

if (isMainThread && process.env['NODE_TEST_CONTEXT'] !== undefined) {
  const end = (): void => {
    const open = process.getActiveResourcesInfo().join(', ')
    writeSync(2, `${process.argv[1]} did not end within ${DEADLINE_MS / 60_000} minutes; open: ${open}\n`)
    // An orderly end would wait for the threads.
    process.kill(process.pid, 'SIGKILL')
  }
  setTimeout(end, DEADLINE_MS).unref()
}
