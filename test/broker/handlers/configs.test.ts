import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import {
  AlterConfigs,
  CreateTopics,
  DescribeConfigs,
  IncrementalAlterConfigs,
  Produce,
} from '../../../src/protocol/messages/index.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { batchOf } from '../../support/test-batches.ts'
import { WireClient } from '../../support/wire-client.ts'

const TOPIC = 2
const BROKER = 4
const SET = 0
const DELETE = 1
const APPEND = 2
const SUBTRACT = 3

let broker: TestBroker
let client: WireClient
before(async () => {
  broker = await startTestBroker({ 'node.id': '3', 'log.retention.hours': '2' })
  client = await WireClient.connect(broker.port)
  await client.send(CreateTopics, 7, { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1 }] })
})
after(async () => {
  client.close()
  await broker.close()
})

async function describe(resourceType: number, resourceName: string, keys: string[] | null = null) {
  const { results } = await client.send(DescribeConfigs, 4, {
    resources: [{ resourceType, resourceName, configurationKeys: keys }],
    includeSynonyms: true,
    includeDocumentation: true,
  })
  return results[0] as (typeof results)[number]
}

async function valueOf(resourceType: number, resourceName: string, key: string): Promise<string | null | undefined> {
  return (await describe(resourceType, resourceName, [key])).configs[0]?.value
}

type Change = { name: string; configOperation: number; value: string | null }

async function change(resourceType: number, resourceName: string, configs: Change[], validateOnly = false) {
  const { responses } = await client.send(IncrementalAlterConfigs, 1, {
    resources: [{ resourceType, resourceName, configs }],
    validateOnly,
  })
  return responses[0]?.errorCode
}

test('all settings of a topic are described, with value, source, type and documentation', async () => {
  const { configs, errorCode } = await describe(TOPIC, 't')
  assert.equal(errorCode, ErrorCode.NONE)
  const byName = new Map(configs.map((config) => [config.name, config]))
  assert.ok(byName.size >= 30)
  assert.deepEqual(
    [
      byName.get('cleanup.policy')?.value,
      byName.get('cleanup.policy')?.configSource,
      byName.get('cleanup.policy')?.configType,
    ],
    ['delete', 5, 7],
  )
  const retention = byName.get('retention.ms')
  assert.equal(retention?.value, '7200000')
  assert.equal(retention?.configSource, 4)
  assert.equal(retention?.readOnly, false)
  assert.ok((retention?.documentation ?? '').length > 10)
  assert.deepEqual(
    retention?.synonyms.map(({ source }) => source),
    [4, 5],
  )
})

test('the settings of the broker are described; those that are fixed while it runs are read-only', async () => {
  const { configs } = await describe(BROKER, '3')
  const byName = new Map(configs.map((config) => [config.name, config]))
  assert.equal(byName.get('node.id')?.value, '3')
  assert.equal(byName.get('num.partitions')?.readOnly, true)
  assert.equal(byName.get('message.max.bytes')?.readOnly, false)
  assert.ok(byName.size > 80)
  assert.equal((await describe(BROKER, '4')).errorCode, ErrorCode.INVALID_REQUEST)
  assert.equal((await describe(TOPIC, 'none')).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  assert.equal((await describe(77, 'x')).errorCode, ErrorCode.INVALID_REQUEST)
})

test('settings are set, added to, taken from and unset, and take effect at once', async () => {
  assert.equal(
    await change(TOPIC, 't', [{ name: 'max.message.bytes', configOperation: SET, value: '200' }]),
    ErrorCode.NONE,
  )
  const body = (size: number) => ({
    acks: -1,
    timeoutMs: 100,
    topicData: [
      { name: 't', partitionData: [{ index: 0, records: batchOf([{ key: 'k', value: 'x'.repeat(size) }]) }] },
    ],
  })
  const refused = await client.send(Produce, 8, body(500))
  assert.equal(refused.responses[0]?.partitionResponses[0]?.errorCode, ErrorCode.MESSAGE_TOO_LARGE)
  assert.equal(
    await change(TOPIC, 't', [{ name: 'max.message.bytes', configOperation: DELETE, value: null }]),
    ErrorCode.NONE,
  )
  const accepted = await client.send(Produce, 8, body(500))
  assert.equal(accepted.responses[0]?.partitionResponses[0]?.errorCode, ErrorCode.NONE)

  assert.equal(
    await change(TOPIC, 't', [{ name: 'cleanup.policy', configOperation: APPEND, value: 'compact' }]),
    ErrorCode.NONE,
  )
  assert.equal(await valueOf(TOPIC, 't', 'cleanup.policy'), 'delete,compact')
  assert.equal(
    await change(TOPIC, 't', [{ name: 'cleanup.policy', configOperation: SUBTRACT, value: 'delete' }]),
    ErrorCode.NONE,
  )
  assert.equal(await valueOf(TOPIC, 't', 'cleanup.policy'), 'compact')
  assert.equal(
    await change(TOPIC, 't', [{ name: 'retention.ms', configOperation: DELETE, value: null }]),
    ErrorCode.NONE,
    'was not set',
  )
})

test('wrong changes are refused as a whole, and validate_only changes nothing', async () => {
  const set = (name: string, value: string | null): Change => ({ name, configOperation: SET, value })
  const cases: [Change[], number][] = [
    [[set('no.such', '1')], ErrorCode.INVALID_CONFIG],
    [[set('retention.ms', 'soon')], ErrorCode.INVALID_CONFIG],
    [[set('retention.ms', '1'), set('segment.bytes', '-1')], ErrorCode.INVALID_CONFIG],
    [[set('retention.ms', null)], ErrorCode.INVALID_REQUEST],
    [[set('retention.ms', '1'), set('retention.ms', '2')], ErrorCode.INVALID_REQUEST],
    [[{ name: 'retention.ms', configOperation: APPEND, value: '1' }], ErrorCode.INVALID_CONFIG],
  ]
  for (const [changes, code] of cases) assert.equal(await change(TOPIC, 't', changes), code, JSON.stringify(changes))
  assert.equal(await change(TOPIC, 't', [set('retention.ms', '1')], true), ErrorCode.NONE)
  assert.equal(await valueOf(TOPIC, 't', 'retention.ms'), '7200000')
  assert.equal(await change(TOPIC, 'none', [set('retention.ms', '1')]), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  assert.equal(await change(BROKER, '3', [set('num.partitions', '5')]), ErrorCode.INVALID_CONFIG)
  assert.equal(await change(BROKER, '9', [set('message.max.bytes', '5')]), ErrorCode.INVALID_REQUEST)
})

test('AlterConfigs replaces all that a topic has', async () => {
  await change(TOPIC, 't', [{ name: 'segment.ms', configOperation: SET, value: '5000' }])
  const configs = [{ name: 'retention.ms', value: '9000' }]
  const { responses } = await client.send(AlterConfigs, 1, {
    resources: [{ resourceType: TOPIC, resourceName: 't', configs }],
  })
  assert.equal(responses[0]?.errorCode, ErrorCode.NONE)
  assert.equal(await valueOf(TOPIC, 't', 'retention.ms'), '9000')
  assert.equal(await valueOf(TOPIC, 't', 'segment.ms'), '604800000')
})

test('settings of the broker and of the cluster change while it runs, and survive a restart', async () => {
  assert.equal(
    await change(BROKER, '', [{ name: 'log.segment.bytes', configOperation: SET, value: '2000000' }]),
    ErrorCode.NONE,
  )
  assert.equal(
    await change(BROKER, '3', [{ name: 'log.roll.ms', configOperation: SET, value: '7000' }]),
    ErrorCode.NONE,
  )
  client.close()
  await broker.restart()
  client = await WireClient.connect(broker.port)
  assert.equal(await valueOf(TOPIC, 't', 'segment.bytes'), '2000000')
  assert.equal(await valueOf(TOPIC, 't', 'segment.ms'), '7000')
  assert.equal(await valueOf(TOPIC, 't', 'retention.ms'), '9000')
  const cluster = await describe(BROKER, '')
  assert.deepEqual(
    cluster.configs.map(({ name, value, configSource }) => [name, value, configSource]),
    [['log.segment.bytes', '2000000', 3]],
  )
})
