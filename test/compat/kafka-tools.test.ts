import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { partitionForGroup } from '../../src/broker/groups/partition-of.ts'
import { startTestBroker, type TestBroker } from '../support/broker.ts'
import { kafkaLibs, kafkaLibsReason } from '../support/kafka-libs.ts'
import { KafkaTools } from '../support/kafka-tools.ts'

// Apache Kafka's own command line tools, and with them its Java clients, against our broker.

const classPath = await kafkaLibs()
const skip = classPath === null ? kafkaLibsReason() : false
const tools = 'org.apache.kafka.tools'

describe('tools of Apache Kafka against our broker', { skip }, () => {
  const kafka = new KafkaTools(classPath ?? '')
  let broker: TestBroker
  before(async () => {
    broker = await startTestBroker()
  })
  after(async () => {
    kafka.close()
    await broker.close()
  })

  const tool = (name: string, args: readonly string[], input?: string): Promise<string> =>
    kafka.succeed(name, ['--bootstrap-server', broker.bootstrap, ...args], input)

  test('kafka-topics makes a topic, adds partitions and describes it', async () => {
    const made = ['--create', '--topic', 'jt', '--partitions', '3', '--config', 'retention.ms=100000000']
    assert.match(await tool(`${tools}.TopicCommand`, made), /Created topic jt/)
    await tool(`${tools}.TopicCommand`, ['--alter', '--topic', 'jt', '--partitions', '4'])
    const described = await tool(`${tools}.TopicCommand`, ['--describe', '--topic', 'jt'])
    assert.match(described, /PartitionCount: 4\s+ReplicationFactor: 1\s+Configs: retention\.ms=100000000/)
    assert.equal(described.match(/Leader: 0\s+Replicas: 0\s+Isr: 0/g)?.length, 4)
  })

  test('the Java producer, idempotent as it is by default, writes what the Java consumer reads in a group', async () => {
    const keys = Array.from({ length: 20 }, (_, i) => `k${i}`)
    const parse = ['--reader-property', 'parse.key=true', '--reader-property', 'key.separator=:']
    const input = keys.map((key) => `${key}:v-${key}\n`).join('')
    await tool(`${tools}.ConsoleProducer`, ['--topic', 'jt', '--compression-codec', 'zstd', ...parse], input)
    const reading = [
      '--topic',
      'jt',
      '--group',
      'jg',
      '--from-beginning',
      '--max-messages',
      '20',
      '--timeout-ms',
      '30000',
    ]
    const read = await tool(`${tools}.consumer.ConsoleConsumer`, [...reading, '--formatter-property', 'print.key=true'])
    const lines = read.split('\n').filter((line) => line.includes('\t'))
    assert.deepEqual(lines.sort(), keys.map((key) => `${key}\tv-${key}`).sort())
  })

  test('kafka-consumer-groups shows the committed offsets of all partitions', async () => {
    const described = await tool(`${tools}.consumer.group.ConsumerGroupCommand`, ['--describe', '--group', 'jg'])
    const rows = described.split('\n').filter((line) => line.startsWith('jg'))
    assert.equal(rows.length, 4)
    for (const row of rows) assert.equal(row.split(/\s+/)[5], '0', `no lag: ${row}`)
    assert.equal(
      rows.reduce((sum, row) => sum + Number(row.split(/\s+/)[3]), 0),
      20,
    )
  })

  test("Kafka's own formatter reads our __consumer_offsets", async () => {
    const formatter = ['--formatter', `${tools}.consumer.OffsetsMessageFormatter`]
    // The group itself is the first record, its offsets follow.
    const partition = String(partitionForGroup('jg', 50))
    const at = ['--topic', '__consumer_offsets', '--partition', partition, '--offset', 'earliest']
    const reading = [...at, '--max-messages', '3', '--timeout-ms', '30000']
    const output = await tool(`${tools}.consumer.ConsoleConsumer`, [...reading, ...formatter])
    assert.match(
      output,
      /"type":1,"data":\{"group":"jg","topic":"jt","partition":\d\}.*"version":3,"data":\{"offset":\d+/,
    )
  })

  test('kafka-configs changes settings and shows where they come from', async () => {
    const topic = ['--entity-type', 'topics', '--entity-name', 'jt']
    await tool('kafka.admin.ConfigCommand', ['--alter', ...topic, '--add-config', 'cleanup.policy=[compact,delete]'])
    const described = await tool('kafka.admin.ConfigCommand', ['--describe', ...topic])
    assert.match(
      described,
      /cleanup\.policy=compact,delete.*DYNAMIC_TOPIC_CONFIG:.*DEFAULT_CONFIG:log\.cleanup\.policy=delete/,
    )
  })

  test('kafka-broker-api-versions can use everything that is offered', async () => {
    const listed = await tool(`${tools}.BrokerApiVersionsCommand`, [])
    const offered = listed.split('\n').filter((line) => /\(\d+\): \d/.test(line))
    assert.ok(offered.length >= 29)
    assert.deepEqual(
      offered.filter((line) => !line.includes('usable')),
      [],
    )
  })

  test('a transactional producer fails at once with the reason', async () => {
    const sending = [
      '--topic',
      'jt',
      '--num-records',
      '1',
      '--record-size',
      '10',
      '--throughput',
      '-1',
      '--transactional-id',
      'tx',
    ]
    const { code, output, errors } = await kafka.run(`${tools}.ProducerPerformance`, [
      '--bootstrap-server',
      broker.bootstrap,
      ...sending,
    ])
    assert.notEqual(code, 0)
    assert.match(output + errors, /does not serve transactions/)
  })
})
