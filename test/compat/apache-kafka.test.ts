import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { planOf, runRound } from '../../bench/torture/round.ts'
import { startApacheKafka } from '../support/apache-kafka.ts'
import { startTestBroker, type TestBroker } from '../support/broker.ts'
import { kafkaLibs, kafkaLibsReason } from '../support/kafka-libs.ts'
import { KafkaTools } from '../support/kafka-tools.ts'
import { startTestPostgres } from '../support/postgres.ts'

const classPath = (await kafkaLibs()) ?? ''
const skip = classPath === '' ? kafkaLibsReason() : false

test('the worker runs against Apache Kafka by bootstrap.servers alone, and goes on there after kill -9', {
  skip,
}, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-apache-kafka-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const [server, kafka] = await Promise.all([startTestPostgres(), startApacheKafka(classPath)])
  t.after(() => Promise.all([server.stop(), kafka.stop()]))
  const plan = planOf(1, { layout: 'pair', mode: 'incrementing', tables: 2, isScheduled: false, kills: 2 })
  const result = await runRound(server, folder, plan, kafka.bootstrap)
  t.diagnostic(`killed ${result.kills.join(', ')}; ${result.seconds.toFixed(1)} s`)
  assert.deepEqual(result.violations, [])
  assert.equal(result.verdicts.length, 2)
  for (const verdict of result.verdicts) {
    assert.equal(verdict.missing, 0)
    assert.ok(verdict.rows > 0 && verdict.objects > 0)
  }
})

describe("Apache Kafka's own tools against the broker", { skip }, () => {
  const kafka = new KafkaTools(classPath)
  let broker: TestBroker
  before(async () => {
    broker = await startTestBroker()
  })
  after(async () => {
    kafka.close()
    await broker.close()
  })

  const tool = (mainClass: string, args: readonly string[], input?: string): Promise<string> =>
    kafka.succeed(mainClass, ['--bootstrap-server', broker.bootstrap, ...args], input)
  const topics = (...args: string[]): Promise<string> => tool('org.apache.kafka.tools.TopicCommand', args)
  const groups = (...args: string[]): Promise<string> =>
    tool('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', args)
  const consume = async (...args: string[]): Promise<string[]> => {
    const output = await tool('org.apache.kafka.tools.consumer.ConsoleConsumer', args)
    return output.split('\n').filter((line) => line !== '')
  }
  /** Current offset, end and lag of each partition, as the tool prints them. */
  const lags = async (group: string): Promise<string[][]> => {
    const lines = (await groups('--describe', '--group', group)).split('\n').map((line) => line.trim().split(/\s+/))
    return lines
      .filter(([name]) => name === group)
      .map(([, , , current = '', end = '', lag = '']) => [current, end, lag])
  }

  test('the console producer and consumer pass records with keys and headers, and the group resumes', async () => {
    await topics('--create', '--topic', 'talk', '--partitions', '2')
    const properties = ['parse.key=true', 'parse.headers=true', 'null.marker=NULL']
    const lines = ['a:1\tk1\tone', 'b:2,c:3\tk2\tzwei ☂', 'd:4\tk3\tNULL']
    await tool(
      'org.apache.kafka.tools.ConsoleProducer',
      ['--topic', 'talk', '--compression-codec', 'zstd', ...properties.flatMap((one) => ['--reader-property', one])],
      lines.map((line) => `${line}\n`).join(''),
    )
    const shown = ['print.key=true', 'print.headers=true', 'null.literal=NULL']
    const options = [
      '--topic',
      'talk',
      '--group',
      'listeners',
      ...shown.flatMap((one) => ['--formatter-property', one]),
    ]
    const received = await consume(...options, '--from-beginning', '--max-messages', '3')
    assert.deepEqual(received.toSorted(), lines)
    assert.equal(
      (await lags('listeners')).reduce((sum, [current]) => sum + Number(current), 0),
      3,
    )
    await tool('org.apache.kafka.tools.ConsoleProducer', ['--topic', 'talk'], 'later\n')
    assert.deepEqual(await consume(...options, '--max-messages', '1'), ['NO_HEADERS\tNULL\tlater'])
  })

  test('kafka-producer-perf-test loads a topic with every compression, and kafka-get-offsets counts it', async () => {
    await topics('--create', '--topic', 'load')
    for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
      const producer = ['--producer-props', `bootstrap.servers=${broker.bootstrap}`, `compression.type=${codec}`]
      const size = ['--topic', 'load', '--num-records', '2000', '--record-size', '100', '--throughput', '-1']
      const printed = await kafka.succeed('org.apache.kafka.tools.ProducerPerformance', [...size, ...producer])
      assert.match(printed, /^2000 records sent/m)
    }
    assert.match(await tool('org.apache.kafka.tools.GetOffsetShell', ['--topic', 'load']), /^load:0:10000$/m)
    const values = await consume(
      '--topic',
      'load',
      '--group',
      'counters',
      '--from-beginning',
      '--max-messages',
      '10000',
    )
    assert.equal(values.length, 10_000)
    assert.ok(values.every((value) => value.length === 100))
  })

  test('kafka-consumer-groups lists, describes, resets and deletes groups', async () => {
    assert.deepEqual(await lags('counters'), [['10000', '10000', '0']])
    assert.ok((await groups('--list')).split('\n').includes('counters'))
    await groups('--group', 'counters', '--topic', 'load', '--reset-offsets', '--to-offset', '9000', '--execute')
    assert.deepEqual(await lags('counters'), [['9000', '10000', '1000']])
    assert.match(await groups('--delete', '--group', 'counters'), /'counters'\) was successful/)
    assert.ok(!(await groups('--list')).split('\n').includes('counters'))
  })
})
