import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { startTestBroker } from '../../test/support/broker.ts'
import { startTestWorker } from '../../test/support/connect-worker.ts'
import { sendMalformed } from '../../test/support/send-malformed.ts'

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() >>> 0) },
  },
})
const seed = Number(values.seed)
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes that the heap and what lies beside it hold, once nothing is left to collect. */
function heldBytes(): number {
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const broker = await startTestBroker()
const worker = await startTestWorker(broker.bootstrap)
const [url = ''] = worker.urls
// What is made once belongs to the baseline: plugins, compiled code, connections.
await sendMalformed({ url, calls: 2_000, seed: seed + 1 })
await removeConnectors()
const before = heldBytes()
const began = performance.now()
const { statuses, faults, slowestMs } = await sendMalformed({ url, calls: Number(values.calls), seed })
const seconds = (performance.now() - began) / 1_000
await removeConnectors()
const after = heldBytes()
for (const fault of faults.slice(0, 20)) console.error(fault)
console.log(
  JSON.stringify({
    name: 'malformed-rest',
    calls: Number(values.calls),
    seed,
    statuses: Object.fromEntries([...statuses].toSorted(([a], [b]) => a - b)),
    faults: faults.length,
    calls_per_s: Math.round(Number(values.calls) / seconds),
    slowest_ms: Math.round(slowestMs),
    held_before_mb: Number((before / 2 ** 20).toFixed(1)),
    held_after_mb: Number((after / 2 ** 20).toFixed(1)),
    rss_mb: Math.round(process.memoryUsage().rss / 2 ** 20),
  }),
)
await worker.stop()
await broker.close()
process.exitCode = faults.length === 0 ? 0 : 1

async function removeConnectors(): Promise<void> {
  const { body } = await worker.call('GET', '/connectors')
  for (const name of body as string[]) await worker.call('DELETE', `/connectors/${encodeURIComponent(name)}`)
}
