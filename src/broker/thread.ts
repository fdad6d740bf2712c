import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { withDeadline } from '../base/deadline.ts'
import { BrokerConfigError } from './config/broker-config-error.ts'
import type { Listener } from './config/listeners.ts'
import { StorageError } from './log/errors.ts'
import { ListenError } from './server/listen-error.ts'
import type { BrokerMessage, BrokerThreadData } from './thread-protocol.ts'

/** A broker in a thread of its own. */
export interface BrokerThread {
  /** Where it listens, with the ports that it got. */
  readonly listeners: readonly Listener[]
  readonly clusterId: string
  /** Resolves with null after `close`, and with the reason if the thread ends by itself. */
  readonly exited: Promise<Error | null>
  /** Stops the broker cleanly; ends the thread in any case. */
  close(): Promise<void>
}

const CLOSE_TIMEOUT_MS = 30000
/** A start that is called off may take this long to come to a clean stop; it can be ended at any point, like a broker that runs. */
const CALL_OFF_TIMEOUT_MS = 5000

/**
 * Starts a broker in a worker thread; resolves when clients can connect. When `signal` aborts before, the thread is ended, if
 * it can be after a clean stop, and the promise rejects with the reason of the signal.
 * @throws {BrokerConfigError} for a wrong setting
 * @throws {ListenError} for an address that cannot be bound
 * @throws {StorageError} when a data folder cannot be used
 */
export async function startBrokerThread(
  properties: Readonly<Record<string, string>>,
  options: { logLevel?: BrokerThreadData['logLevel']; signal?: AbortSignal } = {},
): Promise<BrokerThread> {
  const { signal } = options
  signal?.throwIfAborted()
  const workerData: BrokerThreadData = { properties: { ...properties }, logLevel: options.logLevel ?? 'info' }
  const worker = new Worker(new URL('./thread-main.ts', import.meta.url), { workerData, name: 'millrace-broker' })
  let failure: Error | null = null
  worker.on('error', (error) => {
    failure = error instanceof Error ? error : new Error(String(error))
  })
  let isClosing = false
  const exited = once(worker, 'exit').then(() =>
    isClosing ? null : (failure ?? new Error('The broker thread ended unexpectedly')),
  )
  let limit: NodeJS.Timeout | undefined
  const callOff = (): void => {
    isClosing = true
    // Obeyed as soon as the broker has started.
    worker.postMessage('close')
    limit = setTimeout(() => void worker.terminate(), CALL_OFF_TIMEOUT_MS)
  }
  signal?.addEventListener('abort', callOff, { once: true })
  const first = await Promise.race([
    once(worker, 'message').then(([message]) => message as BrokerMessage),
    exited.then((error): BrokerMessage => ({ kind: 'failed', name: 'Error', text: error?.message ?? 'it ended' })),
  ])
  signal?.removeEventListener('abort', callOff)
  if (isClosing) {
    await exited
    clearTimeout(limit)
    throw signal?.reason
  }
  if (first.kind !== 'ready') {
    isClosing = true
    await worker.terminate()
    throw revive(first)
  }
  return {
    listeners: first.listeners,
    clusterId: first.clusterId,
    exited,
    async close() {
      isClosing = true
      worker.postMessage('close')
      try {
        await withDeadline(exited, CLOSE_TIMEOUT_MS, 'Stopping the broker')
      } catch (error) {
        await worker.terminate()
        throw error
      }
      if (failure !== null) throw failure
    },
  }
}

/** Errors lose their class on the way between threads. */
function revive(message: Extract<BrokerMessage, { kind: 'failed' }>): Error {
  if (message.name === 'BrokerConfigError') return new BrokerConfigError(message.text)
  if (message.name === 'ListenError') return new ListenError(message.text)
  if (message.name === 'StorageError') return new StorageError(message.text)
  return new Error(`The broker could not start: ${message.text}`)
}
