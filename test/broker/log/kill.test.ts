import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { pause } from '../../../src/base/deadline.ts'
import { silentLogger } from '../../../src/base/logger.ts'
import { defaultLogConfig, LogManager } from '../../../src/broker/log/index.ts'
import { readAll, temporaryFolder } from './support.ts'

const ROUNDS = 4
const PARTITIONS = 2

interface Acknowledged {
  partition: number
  baseOffset: number
  lastOffset: number
  value: string
}

/** Runs the appending process for a random time, kills it, and gives what it was told to be safe. */
async function appendUntilKilled(folder: string, round: number): Promise<Acknowledged[]> {
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, 'appending-process.ts'), folder, String(round), String(PARTITIONS)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let output = ''
  const ready = Promise.withResolvers<void>()
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    // Two appends are to be acknowledged in any case, for which a busy disk may take long.
    if (/^ready\n.*\n.*\n/.test(output)) ready.resolve()
  })
  const ended = once(child, 'close')
  await Promise.race([ready.promise, ended.then(() => Promise.reject(new Error('the process ended by itself')))])
  await pause(20 + Math.random() * 250)
  child.kill('SIGKILL')
  await ended
  return output
    .slice(0, output.lastIndexOf('\n'))
    .split('\n')
    .filter((line) => line !== 'ready' && line !== '')
    .map((line) => {
      const [partition, baseOffset, lastOffset, value] = line.split(' ')
      return {
        partition: Number(partition),
        baseOffset: Number(baseOffset),
        lastOffset: Number(lastOffset),
        value: value ?? '',
      }
    })
}

test('after kill -9 at any moment every acknowledged record is at its offset, and appends go on', async (t) => {
  const folder = await temporaryFolder(t)
  const acknowledged: Acknowledged[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const added = await appendUntilKilled(folder, round)
    acknowledged.push(...added)
    const manager = await LogManager.open({ logDirs: [folder], defaults: defaultLogConfig, logger: silentLogger })
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const log = manager.get('t', partition)
      assert.ok(log)
      const records = await readAll(log)
      assert.equal(records.length, log.logEndOffset)
      for (const { baseOffset, lastOffset, value } of acknowledged.filter((entry) => entry.partition === partition)) {
        for (let offset = baseOffset; offset <= lastOffset; offset++) {
          const prefix = `${value}-${offset - baseOffset}-`
          assert.ok(
            records[offset]?.value?.startsWith(prefix),
            `round ${round}: ${prefix} is not at ${partition}/${offset}`,
          )
        }
      }
    }
    // Every other time the next process finds a folder that was stopped cleanly in between.
    if (round % 2 === 0) await manager.close()
    else for (const { partitions } of manager.topics()) for (const log of partitions) await log.abandon()
    if (round % 2 === 1) await manager.close()
  }
  assert.ok(acknowledged.length > ROUNDS, `only ${acknowledged.length} appends were acknowledged`)
})
