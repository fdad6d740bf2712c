import { silentLogger } from '../../src/base/logger.ts'
import { startWorker } from '../../src/rest/start-worker.ts'
import { FakeTaskRunner } from './fake-task-runner.ts'

/** Runs a worker with a fake task runner in a process of its own, so that it can be killed; prints its REST address. */
const props = JSON.parse(process.argv[2] ?? '{}') as Record<string, string>
const worker = await startWorker(props, {
  logger: silentLogger,
  makeRunner: (_config, listener) => new FakeTaskRunner(listener),
})
await worker.started
process.stdout.write(`${worker.urls[0]}\n`)
process.stdin.on('end', () => process.exit(0)).resume()
