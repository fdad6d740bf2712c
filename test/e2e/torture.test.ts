import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { layouts } from '../../bench/torture/fleet.ts'
import { planOf, runRound } from '../../bench/torture/round.ts'
import { startTestPostgres, type TestPostgres } from '../support/postgres.ts'

// A few rounds of what `npm run torture` does for as long as one likes.

let server: TestPostgres
let root: string
before(async () => {
  server = await startTestPostgres()
  root = await mkdtemp(join(tmpdir(), 'millrace-torture-'))
})
after(async () => {
  await server?.stop()
  await rm(root, { recursive: true, force: true })
})

for (const [i, layout] of layouts.entries()) {
  const seed = Number(process.env.MILLRACE_TEST_SEED ?? Date.now() % 1_000_000) + i
  const plan = planOf(seed, { layout, mode: i === 1 ? 'timestamp+incrementing' : 'incrementing', kills: 2 })
  test(`no row is missing after kill -9 in the middle of the flow (${layout}, seed ${seed})`, async (t) => {
    const folder = join(root, layout)
    await mkdir(folder)
    const result = await runRound(server, folder, plan)
    t.diagnostic(`killed ${result.kills.join(', ')}; ${result.seconds.toFixed(1)} s`)
    assert.deepEqual(result.violations, [], `npm run torture -- --rounds 1 --seed ${seed} --layout ${layout}`)
    assert.equal(result.kills.length, 2)
    for (const verdict of result.verdicts) {
      assert.ok(verdict.rows > 0 && verdict.objects > 0)
      assert.equal(verdict.missing, 0)
    }
  })
}
