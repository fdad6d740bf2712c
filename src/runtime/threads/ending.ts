import type { Worker } from 'node:worker_threads'
import { endProcess } from '../../base/end-process.ts'

const FIRST_RETRY_MS = 100
const LAST_RETRY_MS = 2000

/** Threads that `process.exit` might wait for in vain. */
const doubtful = new Set<Worker>()

/**
 * From now on the end of the process does not depend on this thread: `process.exit`, or the end of all other work, ends it
 * at once. Holds until the thread has ended or {@link trust} is called.
 */
export function distrust(worker: Worker): void {
  if (doubtful.size === 0) process.on('exit', endProcess)
  doubtful.add(worker)
}

/** The thread answers, or has ended. */
export function trust(worker: Worker): void {
  if (doubtful.delete(worker) && doubtful.size === 0) process.off('exit', endProcess)
}

/**
 * Ends a thread, and resolves when it has ended: never, if it is in native code that does not return. Until then the end of
 * the process does not depend on it.
 */
export async function endThread(worker: Worker): Promise<void> {
  if (worker.threadId === -1) return
  distrust(worker)
  const ended = new Promise((resolve) => worker.once('exit', resolve))
  // What the inspector evaluates in the thread may swallow the first attempt, so it is not the only one.
  worker.setMaxListeners(0)
  void worker.terminate()
  let delayMs = FIRST_RETRY_MS
  let retry: NodeJS.Timeout
  const again = (): void => {
    void worker.terminate()
    // From here on it may be that it never ends: it must not keep a process that has nothing else to do.
    worker.unref()
    delayMs = Math.min(LAST_RETRY_MS, 2 * delayMs)
    retry = setTimeout(again, delayMs).unref()
  }
  retry = setTimeout(again, delayMs).unref()
  try {
    await ended
  } finally {
    clearTimeout(retry)
    trust(worker)
  }
}
