import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IdleClock } from '../../../src/runtime/tasks/idle-clock.ts'

const forever = new AbortController().signal

test('waits that begin at different moments end together, none before its time', async () => {
  const clock = new IdleClock()
  const ends: { early: boolean; at: number }[] = []
  const wait = async (): Promise<void> => {
    const begun = performance.now()
    await clock.wait(320, forever)
    const at = performance.now()
    ends.push({ early: at - begun < 319, at })
  }
  const waits: Promise<void>[] = []
  for (let i = 0; i < 48; i++) {
    waits.push(wait())
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await Promise.all(waits)
  assert.ok(ends.every(({ early }) => !early))
  let wakes = 0
  ends.forEach(({ at }, i) => {
    if (i === 0 || at - (ends[i - 1]?.at ?? 0) > 4) wakes++
  })
  assert.ok(wakes <= 16, `${wakes} wakes for 48 waits`)
})

test('a wait ends at once when its task is to stop, and others go on', async () => {
  const clock = new IdleClock()
  const stop = new AbortController()
  let othersEnded = false
  const other = clock.wait(200, forever).then(() => {
    othersEnded = true
  })
  const stopped = clock.wait(60_000, stop.signal)
  stop.abort()
  await stopped
  assert.equal(othersEnded, false)
  await clock.wait(60_000, stop.signal)
  await other
})
