import { createLogger } from '../../src/base/logger.ts'
import { startBroker } from '../../src/broker/index.ts'

// A broker as a process of its own, for tests that kill it: node broker-process.ts '<properties as JSON>'.
// Says its port in a line of JSON once it is ready; stops on SIGTERM, and when the process that started it is gone.

const settings = JSON.parse(process.argv[2] ?? '{}') as Record<string, string>
const broker = await startBroker(settings, createLogger({ level: 'error', destination: 2 }))
process.stdout.write(`${JSON.stringify({ port: broker.listeners[0]?.port, clusterId: broker.clusterId })}\n`)

async function stop(): Promise<void> {
  await broker.close()
  process.exit(0)
}
process.once('SIGTERM', () => void stop())
process.stdin.once('end', () => void stop()).resume()
