import { setImmediate as nextTurn } from 'node:timers/promises'
import { pause } from '../../../src/base/deadline.ts'
import type { Consumer, ConsumerRecord } from '../../../src/client/index.ts'
import { recordsOf } from '../../../src/client/index.ts'

/** Waits until `condition` holds; fails with `what` when it does not in time. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 15000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`Not in time: ${what}`)
    await pause(10)
  }
  await nextTurn()
}

/** Polls until `count` records are there. */
export async function collect(consumer: Consumer, count: number, timeoutMs = 15000): Promise<ConsumerRecord[]> {
  const records: ConsumerRecord[] = []
  const deadline = performance.now() + timeoutMs
  while (records.length < count) {
    if (performance.now() > deadline) throw new Error(`Only ${records.length} of ${count} records came in time`)
    for (const fetched of await consumer.poll(500)) records.push(...recordsOf(fetched))
  }
  return records
}

export const bytes = (text: string): Uint8Array => Buffer.from(text)
export const text = (value: Uint8Array | null): string | null => (value === null ? null : Buffer.from(value).toString())

/** Polls all the time, as an application does, until it is stopped; keeps what came. */
export class PollLoop {
  readonly records: ConsumerRecord[] = []
  readonly errors: unknown[] = []
  readonly #stopping = new AbortController()
  readonly #ended: Promise<void>

  constructor(consumer: Consumer) {
    this.#ended = this.#run(consumer)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#ended
  }

  async #run(consumer: Consumer): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        for (const fetched of await consumer.poll(1000, signal)) this.records.push(...recordsOf(fetched))
      } catch (error) {
        this.errors.push(error)
        await pause(20, signal)
      }
    }
  }
}
