import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerConfig } from '../../../src/broker/config/broker-config.ts'
import { brokerDefinitions } from '../../../src/broker/config/broker-definitions.ts'
import { invalidValue } from '../../../src/broker/config/definition.ts'
import { effectiveTopicConfig, invalidTopicConfig, topicConfigChain } from '../../../src/broker/config/topic-config.ts'
import { brokerSynonyms, topicDefinitions } from '../../../src/broker/config/topic-definitions.ts'

test('without settings it listens on the loopback address only, with defaults of Kafka', () => {
  const config = new BrokerConfig({})
  assert.deepEqual(config.listeners, [{ name: 'PLAINTEXT', host: '127.0.0.1', port: 9092 }])
  assert.equal(config.number('num.partitions'), 1)
  assert.equal(config.boolean('auto.create.topics.enable'), true)
  assert.equal(config.number('group.initial.rebalance.delay.ms'), 3000)
  assert.equal(config.nodeId, 0)
})

test('several listeners, IPv6 and advertised addresses are read', () => {
  const config = new BrokerConfig({
    listeners: 'INSIDE://[::1]:19092, PLAINTEXT://:9092',
    'listener.security.protocol.map': 'INSIDE:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'advertised.listeners': 'INSIDE://kafka.local:29092',
  })
  assert.deepEqual(config.listeners, [
    { name: 'INSIDE', host: '::1', port: 19092 },
    { name: 'PLAINTEXT', host: '', port: 9092 },
  ])
  assert.deepEqual(config.advertised.get('INSIDE'), { name: 'INSIDE', host: 'kafka.local', port: 29092 })
})

test('what is wrong is told with the name of the setting and what to write', () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ listeners: '' }, /listeners names no address/],
    [{ listeners: '127.0.0.1:9092' }, /NAME:\/\/host:port/],
    [{ listeners: 'PLAINTEXT://h:99999' }, /listeners/],
    [{ listeners: 'A://h:1' }, /add A:PLAINTEXT to listener\.security\.protocol\.map/],
    [{ listeners: 'PLAINTEXT://h:1,PLAINTEXT://h:2' }, /used twice/],
    [{ listeners: 'SASL_SSL://h:1' }, /serves PLAINTEXT only/],
    [{ 'advertised.listeners': 'PLAINTEXT://0.0.0.0:9092' }, /address that clients can connect to/],
    [{ 'advertised.listeners': 'OTHER://h:1' }, /no listener OTHER/],
    [{ 'node.id': '1', 'broker.id': '2' }, /node\.id is 1 but broker\.id is 2/],
    [{ 'num.partitions': '0' }, /num\.partitions: must be at least 1/],
    [{ 'num.partitions': '1.5' }, /whole number/],
    [{ 'delete.topic.enable': 'yes' }, /must be true or false/],
    [{ 'log.cleanup.policy': 'delete,shred' }, /'shred' is none of/],
    [{ 'log.segment.bytes': '3000000000' }, /must lie between/],
  ]
  for (const [properties, message] of cases) {
    assert.throws(
      () => new BrokerConfig(properties),
      { name: 'BrokerConfigError', message },
      JSON.stringify(properties),
    )
  }
})

test('settings that are unknown, and those that change nothing, are listed once each', () => {
  const config = new BrokerConfig({ 'no.such.thing': '1', 'num.io.threads': '8', 'num.partitions': '2' })
  assert.deepEqual(config.unknown, ['no.such.thing'])
  assert.deepEqual(config.withoutEffect, ['num.io.threads'])
})

test('every default is a valid value, and names are unique', () => {
  for (const definitions of [brokerDefinitions, topicDefinitions]) {
    for (const definition of definitions) {
      if (definition.defaultValue !== null) assert.equal(invalidValue(definition, definition.defaultValue), null)
    }
    assert.equal(new Set(definitions.map(({ name }) => name)).size, definitions.length)
  }
})

test('the defaults of topic settings agree with those of the broker settings behind them', () => {
  const values = effectiveTopicConfig({}, new BrokerConfig({}))
  for (const { name, defaultValue } of topicDefinitions) assert.equal(values.get(name), defaultValue, name)
  const known = new Set(brokerDefinitions.map(({ name }) => name))
  for (const { name } of topicDefinitions)
    for (const synonym of brokerSynonyms(name)) assert.ok(known.has(synonym.name), synonym.name)
})

test('a topic setting goes before the broker settings behind it, milliseconds before minutes before hours', () => {
  const chain = (broker: Record<string, string>, topic: Record<string, string> = {}) =>
    topicConfigChain('retention.ms', topic, new BrokerConfig(broker)).map(
      ({ name, value, source }) => `${name}=${value} ${source}`,
    )
  assert.deepEqual(chain({}), ['log.retention.hours=604800000 5'])
  assert.deepEqual(chain({ 'log.retention.hours': '1' }), [
    'log.retention.hours=3600000 4',
    'log.retention.hours=604800000 5',
  ])
  const both = { 'log.retention.hours': '1', 'log.retention.minutes': '2', 'log.retention.ms': '3' }
  assert.equal(chain(both)[0], 'log.retention.ms=3 4')
  assert.equal(chain(both, { 'retention.ms': '4' })[0], 'retention.ms=4 1')
  assert.equal(chain({ 'log.retention.minutes': '-1' })[0], 'log.retention.minutes=-1 4', '-1 stays "no limit"')
})

test('dynamic settings go before given ones, those of the broker before those of the cluster', () => {
  const config = new BrokerConfig({ 'message.max.bytes': '1' })
  config.setDynamic({ cluster: { 'message.max.bytes': '2' }, broker: {} })
  assert.equal(config.number('message.max.bytes'), 2)
  config.setDynamic({ cluster: { 'message.max.bytes': '2' }, broker: { 'message.max.bytes': '3' } })
  assert.deepEqual(
    config.chain('message.max.bytes').map(({ value, source }) => [value, source]),
    [
      ['3', 2],
      ['2', 3],
      ['1', 4],
      ['1048588', 5],
    ],
  )
})

test('topic settings are checked', () => {
  assert.equal(invalidTopicConfig({ 'cleanup.policy': 'compact,delete', 'retention.ms': '-1' }), null)
  assert.match(invalidTopicConfig({ 'message.format.version': '3.0' }) ?? '', /Unknown topic config name/)
  assert.match(invalidTopicConfig({ 'retention.ms': '-2' }) ?? '', /at least -1/)
  assert.match(invalidTopicConfig({ 'remote.storage.enable': 'true' }) ?? '', /not offered/)
})
