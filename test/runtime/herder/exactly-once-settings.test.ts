import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { PlayedWorker, source } from '../../support/played-worker.ts'

// Of Kafka's DistributedHerderTest: what validation says of exactly-once settings on a worker that has no support for it.

let played: PlayedWorker

before(async () => {
  played = await PlayedWorker.start({ alone: true })
})

after(() => played.stop())

async function errorsOf(name: string, value: string): Promise<readonly string[]> {
  const { configs } = await played.herder.validateConfig('FakeSource', { name: 'c1', ...source(), [name]: value })
  return configs.find((entry) => entry.value?.name === name)?.value?.errors ?? []
}

test('testExactlyOnceSourceSupportValidationWhenExactlyOnceNotEnabledOnWorker: what is required is refused', async () => {
  assert.deepEqual(await errorsOf('exactly.once.support', 'required'), [
    'This worker does not have exactly-once source support enabled.',
  ])
  assert.deepEqual(await errorsOf('exactly.once.support', 'requested'), [])
})

test('testConnectorTransactionBoundaryValidationOnUnsupportedConnector: a connector without transactions of its own', async () => {
  const [error, ...others] = await errorsOf('transaction.boundary', 'connector')
  assert.match(error ?? '', /^The connector does not support connector-defined transaction boundaries/)
  assert.deepEqual(others, [])
  assert.deepEqual(await errorsOf('transaction.boundary', 'interval'), [])
})

test('testExactlyOnceSourceSupportValidationHandlesInvalidValuesGracefully, testConnectorTransactionBoundaryValidationHandlesInvalidValuesGracefully: one error', async () => {
  for (const name of ['exactly.once.support', 'transaction.boundary']) {
    const [error, ...others] = await errorsOf(name, 'invalid')
    assert.match(error ?? '', /String must be one of \(case insensitive\): /, name)
    assert.deepEqual(others, [])
  }
})
