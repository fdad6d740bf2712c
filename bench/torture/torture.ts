// npm run torture: rounds of kill -9 in the middle of the flow from table to objects, and a comparison after each.
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { optionsOrExit } from '../rig/options.ts'
import { startTestPostgres } from '../../test/support/postgres.ts'
import { type Layout, layouts } from './fleet.ts'
import { type Plan, planOf, type RoundResult, runRound } from './round.ts'

const usage = `Usage: npm run torture -- [options]

  --rounds <n>      rounds to run (default 10)
  --seed <n>        seed of the first round; the others follow (default: from the clock)
  --layout <name>   ${layouts.join(', ')} (default: any)
  --mode <name>     incrementing or timestamp+incrementing (default: either)
  --keep-going      do not end at the first violation
  --keep            keep what the rounds leave behind, also of those that went well
`

function readOptions(): { rounds: number; seed: number; given: Partial<Plan>; keepGoing: boolean; keep: boolean } {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '10' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      layout: { type: 'string' },
      mode: { type: 'string' },
      'keep-going': { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    console.log(usage)
    process.exit(0)
  }
  const number = (name: string, text: string): number => {
    const value = Number(text)
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 31)
      throw new Error(`--${name} takes a number, not "${text}"`)
    return value
  }
  const given: { layout?: Layout; mode?: Plan['mode'] } = {}
  if (values.layout !== undefined) {
    const layout = layouts.find((name) => name === values.layout)
    if (layout === undefined) throw new Error(`--layout takes ${layouts.join(', ')}, not "${values.layout}"`)
    given.layout = layout
  }
  if (values.mode !== undefined) {
    if (values.mode !== 'incrementing' && values.mode !== 'timestamp+incrementing')
      throw new Error(`--mode takes incrementing or timestamp+incrementing, not "${values.mode}"`)
    given.mode = values.mode
  }
  return {
    rounds: number('rounds', values.rounds),
    seed: number('seed', values.seed),
    given,
    keepGoing: values['keep-going'],
    keep: values.keep,
  }
}

function describe({ plan, kills, verdicts, seconds }: RoundResult): string {
  const sum = (of: 'rows' | 'missing' | 'duplicatesInTopic' | 'duplicatesInObjects' | 'objects'): number =>
    verdicts.reduce((total, verdict) => total + verdict[of], 0)
  return [
    `seed ${plan.seed}`,
    `${plan.layout}, ${plan.mode}, ${plan.tables} table${plan.tables > 1 ? 's' : ''}${plan.isScheduled ? ', rotated by the clock' : ''}${plan.hasSmallSegments ? ', small segments' : ''}`,
    `killed ${kills.join(', ')}`,
    `rows ${sum('rows')}`,
    `missing ${sum('missing')}`,
    `duplicates in the topic ${sum('duplicatesInTopic')}`,
    `in objects ${sum('duplicatesInObjects')}`,
    `objects ${sum('objects')}`,
    `${seconds.toFixed(1)} s`,
  ].join(' | ')
}

let isInterrupted = false
process.once('SIGINT', () => {
  isInterrupted = true
  console.log('Ending after this round')
})

const { rounds, seed, given, keepGoing, keep } = optionsOrExit(readOptions, usage)
const root = await mkdtemp(join(tmpdir(), 'millrace-torture-'))
const server = await startTestPostgres()
let done = 0
let failed = 0
try {
  for (; done < rounds && !isInterrupted; done++) {
    const plan = planOf(seed + done, given)
    const folder = join(root, `round-${plan.seed}`)
    await mkdir(folder)
    const result = await runRound(server, folder, plan)
    console.log(`${result.violations.length === 0 ? 'ok  ' : 'FAIL'} ${describe(result)}`)
    if (result.violations.length === 0) {
      if (!keep) await rm(folder, { recursive: true, force: true })
      continue
    }
    failed++
    for (const violation of result.violations) console.log(`     ${violation}`)
    console.log(`     all that it left behind is in ${folder}`)
    if (!keepGoing) break
  }
} finally {
  await server.stop()
}
console.log(failed === 0 ? `${done} rounds: nothing missing, nothing twice that may not be` : `${failed} rounds failed`)
if (failed === 0 && !keep) await rm(root, { recursive: true, force: true })
process.exitCode = failed === 0 ? 0 : 1
