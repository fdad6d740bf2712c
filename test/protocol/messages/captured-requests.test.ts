import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeRequestBody, encodeRequest } from '../../../src/protocol/codec.ts'
import {
  type ApiDefinition,
  apis,
  CreateTopics,
  Fetch,
  JoinGroup,
  Metadata,
  Produce,
  type RequestOf,
} from '../../../src/protocol/messages/index.ts'
import { ConsumerProtocolSubscription, decodeVersioned } from '../../../src/protocol/messages/consumer-protocol.ts'
import { decodeRequestHeader } from '../../../src/protocol/request-header.ts'
import { wireFixtures } from '../../support/wire-fixtures.ts'

/** Requests that real clients sent; see test/support/capture-requests.ts. */

const fixtures = await wireFixtures()

function captured<Api extends ApiDefinition>(name: string, api: Api): RequestOf<Api> {
  const fixture = fixtures.find((candidate) => candidate.name === `${name}-request`)
  assert.ok(fixture, `there is no fixture ${name}-request`)
  const header = decodeRequestHeader(fixture.bytes)
  assert.equal(header.apiKey, api.key)
  return decodeRequestBody(api, header.apiVersion, fixture.bytes, header.bodyPosition) as RequestOf<Api>
}

for (const { name, bytes } of fixtures) {
  test(`${name} is read and written again byte for byte`, () => {
    const header = decodeRequestHeader(bytes)
    const api = apis.get(header.apiKey)
    assert.ok(api)
    assert.match(name, new RegExp(`\\.${api.name.replaceAll(/\B[A-Z]/g, '-$&').toLowerCase()}-v${header.apiVersion}-`))
    const body = decodeRequestBody(api, header.apiVersion, bytes, header.bodyPosition)
    const again = Buffer.concat(encodeRequest(api, header.apiVersion, header, body)).subarray(4)
    assert.equal(again.toString('hex'), bytes.toString('hex'))
  })
}

test('there are requests of three clients', () => {
  const clients = new Set(fixtures.map(({ name }) => name.replace(/-\d.*/, '')))
  assert.deepEqual([...clients].toSorted(), ['kafkajs', 'librdkafka', 'platformatic-kafka'])
})

test('what the clients meant is what we read', () => {
  const produce = captured('platformatic-kafka-2.12.1.produce-v11', Produce)
  assert.equal(produce.transactionalId, 'tx')
  assert.equal(produce.acks, -1)
  assert.equal(produce.topicData[0]?.name, 'capture')
  assert.equal(produce.topicData[0]?.partitionData[0]?.records?.[16], 2, 'the magic byte of a record batch')

  const fetch = captured('kafkajs-2.2.4.fetch-v11', Fetch)
  assert.equal(fetch.maxBytes, 10485760)
  assert.deepEqual(
    fetch.topics.map(({ topic, partitions }) => [topic, partitions.map(({ fetchOffset }) => fetchOffset)]),
    [['capture', [0]]],
  )

  const create = captured('kafkajs-2.2.4.create-topics-v3', CreateTopics)
  assert.deepEqual(create.topics, [
    {
      name: 'capture',
      numPartitions: 1,
      replicationFactor: -1,
      assignments: [],
      configs: [{ name: 'retention.ms', value: '1' }],
    },
  ])

  const join = captured('librdkafka-2.0.2.join-group-v5', JoinGroup)
  assert.equal(join.protocolType, 'consumer')
  assert.deepEqual(
    join.protocols.map(({ name }) => name),
    ['range', 'roundrobin'],
  )
  const subscription = join.protocols[0]?.metadata
  assert.ok(subscription)
  assert.deepEqual(decodeVersioned(ConsumerProtocolSubscription, subscription).message.topics, ['capture'])

  const described = captured('librdkafka-2.0.2.metadata-v4', Metadata)
  assert.deepEqual(
    described.topics?.map(({ name }) => name),
    ['capture'],
  )
  assert.equal(described.allowAutoTopicCreation, true)
})
