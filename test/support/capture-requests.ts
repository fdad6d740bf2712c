/*
 * Records what real clients send, as fixtures for the protocol tests: node test/support/capture-requests.ts
 * The clients talk to a pretended broker; of each API and version the first request of a client is kept. kcat takes part if it
 * is installed. Run it again after an upgrade of the clients, and look at the differences before committing them.
 */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'
import kafkajs from 'kafkajs'
import { hasProgram } from './maven-artifact.ts'
import { type RecordedRequest, startRecordingBroker } from './recording-broker.ts'
import { saveWireFixture } from './wire-fixtures.ts'

const TOPIC = 'capture'
const run = promisify(execFile)

async function versionOf(library: string): Promise<string> {
  let folder = dirname(createRequire(import.meta.url).resolve(library))
  for (;;) {
    try {
      const description = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Record<string, string>
      if (description.name === library && description.version !== undefined) return description.version
    } catch {} // not the folder of the package yet
    folder = dirname(folder)
  }
}

async function useKafkajs(port: number): Promise<void> {
  const { Kafka, logLevel } = kafkajs
  const kafka = new Kafka({ clientId: 'capture', brokers: [`127.0.0.1:${port}`], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({
    topics: [{ topic: TOPIC, numPartitions: 1, configEntries: [{ name: 'retention.ms', value: '1' }] }],
  })
  await admin.fetchTopicOffsets(TOPIC)
  await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: TOPIC }] })
  await admin.listGroups()
  await admin.describeGroups(['g'])
  await admin.createPartitions({ topicPartitions: [{ topic: TOPIC, count: 3 }] })
  await admin.deleteTopics({ topics: [TOPIC] })
  await admin.disconnect()

  const producer = kafka.producer({ idempotent: true, transactionalId: 'tx', maxInFlightRequests: 1 })
  await producer.connect()
  await producer.send({
    topic: TOPIC,
    messages: [{ key: 'k', value: 'v', headers: { h: 'x' }, timestamp: '1700000000000' }],
  })
  const transaction = await producer.transaction()
  await transaction.send({ topic: TOPIC, messages: [{ value: 'v', timestamp: '1700000000000' }] })
  await transaction.sendOffsets({
    consumerGroupId: 'g',
    topics: [{ topic: TOPIC, partitions: [{ partition: 0, offset: '5' }] }],
  })
  await transaction.commit()
  await producer.disconnect()

  const consumer = kafka.consumer({ groupId: 'g', sessionTimeout: 6000, heartbeatInterval: 100 })
  await consumer.connect()
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true })
  const consumed = Promise.withResolvers<void>()
  await consumer.run({
    async eachMessage(payload) {
      await new Promise((resolve) => setTimeout(resolve, 200))
      await payload.heartbeat()
      consumed.resolve()
    },
  })
  await consumed.promise
  await consumer.stop()
  await consumer.disconnect()
}

async function usePlatformatic(port: number): Promise<void> {
  const options = { clientId: 'capture', bootstrapBrokers: [`127.0.0.1:${port}`], retries: 0 }
  const admin = new Admin(options)
  await admin.createTopics({ topics: [TOPIC], partitions: 1, replicas: 1 })
  await admin.listGroups()
  await admin.describeGroups({ groups: ['g'] })
  await admin.deleteGroups({ groups: ['g'] })
  await admin.deleteTopics({ topics: [TOPIC] })
  await admin.close()

  const producer = new Producer({ ...options, serializers: stringSerializers, idempotent: true, transactionalId: 'tx' })
  const transaction = await producer.beginTransaction()
  await transaction.send({
    messages: [{ topic: TOPIC, key: 'k', value: 'v', headers: { h: 'x' }, timestamp: 1700000000000n }],
  })
  await transaction.commit()
  await producer.close()

  const consumer = new Consumer({ ...options, groupId: 'g', deserializers: stringDeserializers })
  const stream = await consumer.consume({
    topics: [TOPIC],
    mode: 'earliest',
    autocommit: true,
    sessionTimeout: 6000,
    heartbeatInterval: 100,
  })
  for await (const message of stream) {
    await message.commit()
    await new Promise((resolve) => setTimeout(resolve, 300)) // time for a heartbeat
    break
  }
  await stream.close()
  await consumer.close(true)
}

async function useKcat(port: number): Promise<void> {
  const broker = ['-b', `127.0.0.1:${port}`]
  await run('kcat', [...broker, '-L', '-t', TOPIC])
  await run('sh', ['-c', `echo v | kcat ${broker.join(' ')} -P -t ${TOPIC} -k k -H h=x -X enable.idempotence=true`])
  await run('kcat', [...broker, '-C', '-t', TOPIC, '-o', 'beginning', '-c', '1', '-e'])
  const group = ['-X', 'auto.offset.reset=earliest', '-X', 'heartbeat.interval.ms=100']
  await run('sh', ['-c', `timeout 4 kcat ${[...broker, ...group].join(' ')} -G g ${TOPIC} || true`])
}

async function capture(client: string, use: (port: number) => Promise<void>): Promise<void> {
  const broker = await startRecordingBroker()
  try {
    await use(broker.port)
  } catch (error) {
    console.error(`${client}:`, error)
    process.exitCode = 1
  } finally {
    await broker.close()
  }
  const first = new Map<string, RecordedRequest>()
  for (const request of broker.requests) {
    const api = request.api.name.replaceAll(/\B[A-Z]/g, (letter) => `-${letter}`).toLowerCase()
    const name = `${client}.${api}-v${request.version}-request`
    if (!first.has(name)) first.set(name, request)
  }
  for (const [name, { api, version, frame }] of first) {
    await saveWireFixture(
      { name, bytes: frame },
      `${api.name} request version ${version} as sent by ${client}, without its size`,
    )
  }
  console.log(`${client}: ${first.size} requests`)
}

await capture(`kafkajs-${await versionOf('kafkajs')}`, useKafkajs)
await capture(`platformatic-kafka-${await versionOf('@platformatic/kafka')}`, usePlatformatic)
if (await hasProgram('kcat', '-V')) {
  const { stdout } = await run('kcat', ['-V'])
  const [, version] = /librdkafka ([\d.]+)/.exec(stdout) ?? []
  await capture(`librdkafka-${version ?? 'unknown'}`, useKcat)
}
