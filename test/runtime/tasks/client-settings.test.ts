import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientProps } from '../../../src/runtime/tasks/client-settings.ts'
import { workerConfig } from '../../../src/runtime/worker-config.ts'
import { testWorkerProps } from '../../support/connect-worker.ts'

test("a client has the worker's settings below its prefix, and above them those of the connector, without blanks around", () => {
  const config = workerConfig(
    testWorkerProps('localhost:1', {
      'consumer.group.instance.id': 'a ',
      'consumer.client.id': 'of-worker',
      'producer.acks': '1',
    }),
  )
  const connector = { name: 'c', 'consumer.override.group.id': ' g ', 'consumer.override.client.id': 'own ' }
  assert.deepEqual(clientProps('consumer', config, connector, { 'group.id': 'connect-c', 'client.id': 'made' }), {
    'bootstrap.servers': 'localhost:1',
    'group.id': 'g',
    'group.instance.id': 'a',
    'client.id': 'own',
  })
})
