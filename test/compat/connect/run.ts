import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ApacheKafka, startApacheKafka } from '../../support/apache-kafka.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { connectLibs, kafkaLibs, kafkaLibsReason, log4jLibs } from '../../support/kafka-libs.ts'
import { startJvmWorker } from '../../support/jvm-worker.ts'
import { startTestWorker } from '../../support/connect-worker.ts'
import { type Difference, differences } from './compare.ts'
import { replay, type Subject } from './replay.ts'
import type { Scenario, WorkerKind } from './scenario.ts'
import { scenarios } from './scenarios/index.ts'

// Replays the scenarios against Kafka Connect on Apache Kafka and against this project's worker on its broker, and prints
// every difference. `npm run compat:connect -- [part of a scenario's name …]`. Ends with 1 when one is not known.

/** Both workers get these, so that their answers can be compared. */
const ownProps = {
  'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'offset.flush.interval.ms': '300',
}

const clusterProps = {
  'group.id': 'compat',
  'config.storage.topic': 'compat-configs',
  'offset.storage.topic': 'compat-offsets',
  'status.storage.topic': 'compat-status',
  'config.storage.replication.factor': '1',
  'offset.storage.replication.factor': '1',
  'status.storage.replication.factor': '1',
  'offset.storage.partitions': '2',
  'status.storage.partitions': '2',
}

/** The servers behind the workers, and the class path of those on the JVM. */
interface Ground {
  readonly classPath: string
  readonly apache: ApacheKafka
  readonly broker: TestBroker
}

async function main(wanted: readonly string[]): Promise<number> {
  const [kafka, connect, log4j] = [await kafkaLibs(), await connectLibs(), await log4jLibs()]
  if (kafka === null || connect === null || log4j === null) {
    process.stdout.write(`Nothing to compare with: ${kafkaLibsReason()}\n`)
    return 2
  }
  const chosen = scenarios.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  const apache = await startApacheKafka(kafka)
  const broker = await startTestBroker()
  const ground = { classPath: `${connect}:${log4j}`, apache, broker }
  try {
    const found: Difference[] = []
    for (const kind of ['cluster', 'standalone'] as const) {
      const these = chosen.filter(({ mode = 'cluster' }) => mode === kind)
      if (these.length > 0) found.push(...(await compared(kind, these, ground)))
    }
    const unknown = found.filter(({ known }) => known === null).length
    process.stdout.write(`${chosen.length} scenarios: ${found.length} differences, ${unknown} of them not known\n`)
    return unknown === 0 ? 0 : 1
  } finally {
    await broker.close()
    await apache.stop()
  }
}

/** Replays scenarios against a pair of workers of a kind. */
async function compared(kind: WorkerKind, chosen: readonly Scenario[], ground: Ground): Promise<Difference[]> {
  const { classPath, apache, broker } = ground
  const isAlone = kind === 'standalone'
  const folder = await mkdtemp(join(tmpdir(), 'millrace-compat-'))
  const propsOf = (file: string): Record<string, string> =>
    isAlone ? { ...ownProps, 'offset.storage.file.filename': join(folder, file) } : { ...ownProps, ...clusterProps }
  const jvm = await startJvmWorker(
    classPath,
    { ...propsOf('theirs'), 'bootstrap.servers': apache.bootstrap },
    isAlone ? 'ConnectStandalone' : 'ConnectDistributed',
  )
  const own = await startTestWorker(
    broker.bootstrap,
    { ...propsOf('ours'), 'plugin.path': '' },
    { standalone: isAlone },
  )
  const theirSubject: Subject = { name: 'Kafka Connect', url: jvm.url }
  const ourSubject: Subject = { name: 'Millrace', url: (own.urls[0] ?? '').replace(/\/$/, '') }
  try {
    const found: Difference[] = []
    for (const scenario of chosen) {
      const theirs = await replay(theirSubject, scenario)
      const here = differences(scenario, theirs, await replay(ourSubject, scenario))
      const known = here.filter((difference) => difference.known !== null).length
      process.stdout.write(
        `${scenario.name}: ${scenario.steps.length} steps, ${here.length} differences, ${known} of them known\n`,
      )
      for (const difference of here) print(difference)
      found.push(...here)
    }
    return found
  } finally {
    await own.stop()
    await jvm.kill()
    await rm(folder, { recursive: true, force: true })
  }
}

function print({ step, where, theirs, ours, known }: Difference): void {
  const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value)).slice(0, 400)
  process.stdout.write(
    `  ${step}\n    ${where}${known === null ? '' : ` (known: ${known})`}\n      Kafka Connect: ${shown(theirs)}\n      Millrace:      ${shown(ours)}\n`,
  )
}

process.exit(await main(process.argv.slice(2)))
