import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  clientOptionsFromProperties,
  consumerOptionsFromProperties,
  producerOptionsFromProperties,
} from '../../src/client/index.ts'

test('client settings are read by their Kafka names, others are left alone', () => {
  const properties = {
    'bootstrap.servers': 'a:9092, [::1]:9093 ,',
    'client.id': 'me',
    'request.timeout.ms': '5000',
    'metadata.max.age.ms': '1000',
    'security.protocol': 'PLAINTEXT',
    'offset.storage.topic': 'x',
  }
  assert.deepEqual(clientOptionsFromProperties(properties), {
    bootstrapServers: ['a:9092', '[::1]:9093'],
    clientId: 'me',
    requestTimeoutMs: 5000,
    metadataMaxAgeMs: 1000,
  })
})

test('producer settings are read by their Kafka names', () => {
  const properties = {
    acks: 'all',
    'compression.type': 'zstd',
    'linger.ms': '20',
    'batch.size': '1048576',
    retries: '3',
  }
  assert.deepEqual(producerOptionsFromProperties(properties), {
    acks: -1,
    compressionType: 'zstd',
    lingerMs: 20,
    batchSize: 1048576,
    retries: 3,
  })
  assert.deepEqual(producerOptionsFromProperties({ acks: '1', 'enable.idempotence': 'FALSE' }), {
    acks: 1,
    enableIdempotence: false,
  })
})

test('consumer settings are read by their Kafka names, assignors by class as well', () => {
  const properties = {
    'group.id': 'g',
    'auto.offset.reset': 'earliest',
    'isolation.level': 'read_committed',
    'max.poll.records': '100',
    'partition.assignment.strategy': 'org.apache.kafka.clients.consumer.CooperativeStickyAssignor, range',
  }
  assert.deepEqual(consumerOptionsFromProperties(properties), {
    groupId: 'g',
    autoOffsetReset: 'earliest',
    isolationLevel: 'read_committed',
    maxPollRecords: 100,
    partitionAssignmentStrategy: ['cooperative-sticky', 'range'],
  })
})

test('a value of the wrong type is refused with the name of the setting', () => {
  const client = { 'bootstrap.servers': 'a:1' }
  const refused: [() => unknown, RegExp][] = [
    [() => clientOptionsFromProperties({}), /^ClientConfigError: bootstrap\.servers/],
    [() => clientOptionsFromProperties({ ...client, 'request.timeout.ms': 'soon' }), /request\.timeout\.ms: 'soon'/],
    [() => clientOptionsFromProperties({ ...client, 'request.timeout.ms': '0' }), /0 is less than 1/],
    [
      () => clientOptionsFromProperties({ ...client, 'security.protocol': 'SASL_SSL' }),
      /security\.protocol: .*SASL_SSL/,
    ],
    [() => producerOptionsFromProperties({ acks: '2' }), /acks: '2' is not one of all, -1, 0, 1/],
    [() => producerOptionsFromProperties({ 'linger.ms': '1.5' }), /linger\.ms/],
    [() => producerOptionsFromProperties({ 'enable.idempotence': 'yes' }), /neither true nor false/],
    [() => producerOptionsFromProperties({ 'compression.type': 'rar' }), /compression\.type/],
    [() => producerOptionsFromProperties({ 'transactional.id': 'x' }), /transactional\.id/],
    [() => producerOptionsFromProperties({ 'batch.size': '99999999999' }), /batch\.size/],
    [() => consumerOptionsFromProperties({ 'auto.offset.reset': 'never' }), /auto\.offset\.reset/],
    [() => consumerOptionsFromProperties({ 'partition.assignment.strategy': 'mine' }), /'mine' is not one of/],
  ]
  for (const [read, message] of refused) assert.throws(read, message)
})
