import { startApacheKafka } from '../../support/apache-kafka.ts'
import { startTestBroker } from '../../support/broker.ts'
import { connectLibs, kafkaLibs, kafkaLibsReason, log4jLibs } from '../../support/kafka-libs.ts'
import { startJvmWorker } from '../../support/jvm-worker.ts'
import { startTestWorker } from '../../support/connect-worker.ts'
import { type Difference, differences } from './compare.ts'
import { replay } from './replay.ts'
import { scenarios } from './scenarios/index.ts'

// Replays the scenarios against Kafka Connect on Apache Kafka and against this project's worker on its broker, and prints
// every difference. `npm run compat:connect -- [part of a scenario's name …]`. Ends with 1 when one is not known.

/** Both workers get these, so that their answers can be compared. */
const props = {
  'group.id': 'compat',
  'config.storage.topic': 'compat-configs',
  'offset.storage.topic': 'compat-offsets',
  'status.storage.topic': 'compat-status',
  'config.storage.replication.factor': '1',
  'offset.storage.replication.factor': '1',
  'status.storage.replication.factor': '1',
  'offset.storage.partitions': '2',
  'status.storage.partitions': '2',
  'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'offset.flush.interval.ms': '300',
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
  try {
    const jvm = await startJvmWorker(`${connect}:${log4j}`, { ...props, 'bootstrap.servers': apache.bootstrap })
    const own = await startTestWorker(broker.bootstrap, { ...props, 'plugin.path': '' })
    try {
      const found: Difference[] = []
      for (const scenario of chosen) {
        const theirs = await replay({ name: 'Kafka Connect', url: jvm.url }, scenario)
        const ours = await replay({ name: 'Millrace', url: (own.urls[0] ?? '').replace(/\/$/, '') }, scenario)
        const here = differences(scenario, theirs, ours)
        const known = here.filter((difference) => difference.known !== null).length
        process.stdout.write(
          `${scenario.name}: ${scenario.steps.length} steps, ${here.length} differences, ${known} of them known\n`,
        )
        for (const difference of here) print(difference)
        found.push(...here)
      }
      const unknown = found.filter(({ known }) => known === null).length
      process.stdout.write(`${chosen.length} scenarios: ${found.length} differences, ${unknown} of them not known\n`)
      return unknown === 0 ? 0 : 1
    } finally {
      await own.stop()
      await jvm.kill()
    }
  } finally {
    await broker.close()
    await apache.stop()
  }
}

function print({ step, where, theirs, ours, known }: Difference): void {
  const shown = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value)).slice(0, 400)
  process.stdout.write(
    `  ${step}\n    ${where}${known === null ? '' : ` (known: ${known})`}\n      Kafka Connect: ${shown(theirs)}\n      Millrace:      ${shown(ours)}\n`,
  )
}

process.exit(await main(process.argv.slice(2)))
