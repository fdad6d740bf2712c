import { silentLogger } from '../../../src/base/logger.ts'
import { defaultLogConfig, LogManager } from '../../../src/broker/log/index.ts'
import { batchOf } from './support.ts'

// Appends to partitions of the data folder in argv[2] until it is killed, and prints the offsets that were acknowledged:
// one line "partition baseOffset lastOffset first-value" each. Started by kill.test.ts.

const [folder = '', run = '0', partitions = '2'] = process.argv.slice(2)
const config = { ...defaultLogConfig, segmentBytes: 200000 }
const manager = await LogManager.open({
  logDirs: [folder],
  defaults: config,
  logger: silentLogger,
  checkpointIntervalMs: 50,
})
await manager.create('t', Number(partitions), 'AAAAAAAAAAAAAAAAAAAAAA', config)
process.stdout.write('ready\n')

async function append(partition: number): Promise<never> {
  const log = manager.get('t', partition)
  if (log === undefined) throw new Error(`partition ${partition} is missing`)
  for (let i = 0; ; i++) {
    const value = `${run}-${partition}-${i}`
    const records = Array.from({ length: 1 + (i % 40) }, (_, n) => ({
      value: `${value}-${n}-${'x'.repeat((i * 37) % 900)}`,
    }))
    const batch = batchOf(records, { compression: i % 5 === 0 ? 'zstd' : 'none' })
    const { baseOffset, lastOffset } = await log.append(batch, { origin: 'client', requireFlush: true })
    process.stdout.write(`${partition} ${baseOffset} ${lastOffset} ${value}\n`)
  }
}

// Several at once for each partition, so that the kill hits groups.
await Promise.all(Array.from({ length: Number(partitions) * 3 }, (_, i) => append(i % Number(partitions))))
