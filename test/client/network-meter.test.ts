import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Admin, createCluster } from '../../src/client/index.ts'
import { startTestBroker } from '../support/broker.ts'

test('a client counts its connections, requests and bytes', async () => {
  const broker = await startTestBroker()
  const cluster = createCluster({ bootstrapServers: [broker.bootstrap] })
  try {
    assert.equal(cluster.meter.values()['connection-count'], 0)
    assert.ok(Number.isNaN(cluster.meter.values()['request-size-avg']))
    await new Admin(cluster).createTopics([{ name: 'counted', partitions: 1, replicationFactor: 1 }])
    const values = cluster.meter.values()
    const of = (name: string): number => values[name] ?? Number.NaN
    assert.ok(of('connection-count') >= 1)
    assert.equal(of('connection-creation-total'), of('connection-count'))
    assert.equal(of('successful-authentication-total'), of('connection-count'))
    assert.equal(of('failed-authentication-total'), 0)
    // ApiVersions on each connection, metadata, and the request itself.
    assert.ok(of('request-total') >= 3)
    assert.equal(of('response-total'), of('request-total'))
    assert.ok(of('outgoing-byte-total') >= of('request-size-max'))
    assert.ok(Math.abs(of('request-size-avg') * of('request-total') - of('outgoing-byte-total')) < 0.001)
    assert.ok(of('incoming-byte-total') > of('response-total') * 8)
    assert.ok(of('network-io-total') >= of('request-total'))
    assert.ok(of('request-rate') > 0)
    await cluster.close()
    assert.equal(cluster.meter.values()['connection-count'], 0)
    assert.equal(cluster.meter.values()['connection-close-total'], of('connection-creation-total'))
  } finally {
    await cluster.close()
    await broker.close()
  }
})
