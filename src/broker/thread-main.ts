import { parentPort, workerData } from 'node:worker_threads'
import { giveMemoryBackWhenIdle } from '../base/idle-memory.ts'
import { createLogger } from '../base/logger.ts'
import { startBroker } from './broker.ts'
import type { BrokerMessage, BrokerThreadData } from './thread-protocol.ts'

// The body of the broker's thread; started by thread.ts only.

const port = parentPort
if (port === null) throw new Error('thread-main.ts runs in a worker thread only; use startBrokerThread')
const { properties, logLevel } = workerData as BrokerThreadData

function say(message: BrokerMessage): void {
  port?.postMessage(message)
}

try {
  const logger = createLogger({ level: logLevel, bindings: { part: 'broker' } })
  giveMemoryBackWhenIdle({ logger })
  const broker = await startBroker(properties, logger)
  // The thread ends by itself once the broker and this port are closed.
  port.once('message', () => {
    // A failure to close ends the thread with that error, which the other side reports.
    void broker.close().finally(() => port.close())
  })
  say({ kind: 'ready', listeners: broker.listeners, clusterId: broker.clusterId })
} catch (error) {
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  say({ kind: 'failed', name, text: message })
  port.close()
}
