import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test, type TestContext } from 'node:test'
import { startTestBroker } from '../../support/broker.ts'
import { startTestWorker, type TestWorker } from '../../support/connect-worker.ts'
import { eventually } from '../../support/task-runner.ts'

const POLICY = 'connector.client.config.override.policy'
let broker: Awaited<ReturnType<typeof startTestBroker>>
let folder = ''
let workers = 0

before(async () => {
  broker = await startTestBroker()
  folder = mkdtempSync(join(tmpdir(), 'millrace-policy-'))
})

after(async () => {
  await broker.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A worker of a cluster of its own. */
async function worker(t: TestContext, given: Record<string, string> = {}): Promise<TestWorker> {
  const id = `policy-${++workers}`
  const started = await startTestWorker(broker.bootstrap, {
    'group.id': id,
    'config.storage.topic': `${id}-configs`,
    'offset.storage.topic': `${id}-offsets`,
    'status.storage.topic': `${id}-status`,
    'offset.storage.partitions': '1',
    'status.storage.partitions': '1',
    ...given,
  })
  t.after(() => started.stop())
  return started
}

function sink(overrides: Record<string, string> = {}): Record<string, string> {
  return {
    'connector.class': 'test.CollectingSink',
    'tasks.max': '1',
    topics: 'policy-topic',
    out: join(folder, 'out.jsonl'),
    ...overrides,
  }
}

async function assertCreated(made: TestWorker, config: Record<string, string>): Promise<void> {
  const answer = await made.call('POST', '/connectors', { name: 'c', config })
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  await eventually(async () => {
    const { body } = await made.call('GET', '/connectors/c/status')
    const tasks = (body as { tasks?: { state: string; trace?: string }[] }).tasks ?? []
    assert.notEqual(tasks[0]?.state, 'FAILED', tasks[0]?.trace)
    return tasks[0]?.state === 'RUNNING'
  }, 'a running task')
}

async function assertRefused(made: TestWorker, config: Record<string, string>, message: RegExp): Promise<void> {
  const answer = await made.call('POST', '/connectors', { name: 'c', config })
  assert.equal(answer.status, 400)
  assert.match((answer.body as { message: string }).message, message)
}

describe('ConnectorClientPolicyIntegrationTest', () => {
  test('testCreateWithOverridesForNonePolicy: nothing may be overridden', async (t) => {
    const made = await worker(t, { [POLICY]: 'None' })
    const config = sink({ 'consumer.override.auto.offset.reset': 'latest' })
    await assertRefused(made, config, /The 'None' policy does not allow 'auto\.offset\.reset' to be overridden/)
  })

  test('testCreateWithNotAllowedOverridesForPrincipalPolicy: only credentials may be overridden', async (t) => {
    const made = await worker(t, { [POLICY]: 'Principal' })
    const config = sink({ 'consumer.override.auto.offset.reset': 'latest' })
    await assertRefused(made, config, /The 'Principal' policy does not allow 'auto\.offset\.reset'/)
  })

  test('testCreateWithAllowedOverridesForPrincipalPolicy: credentials may be overridden', async (t) => {
    const made = await worker(t, { [POLICY]: 'Principal' })
    await assertCreated(made, sink({ 'consumer.override.security.protocol': 'PLAINTEXT' }))
  })

  test('testCreateWithAllowedOverridesForAllPolicy: all settings may be overridden', async (t) => {
    const made = await worker(t, { [POLICY]: 'All' })
    await assertCreated(
      made,
      sink({ 'consumer.override.client.id': 'test', 'consumer.override.auto.offset.reset': 'latest' }),
    )
  })

  test('testCreateWithAllowedOverridesForDefaultPolicy: that is so by default', async (t) => {
    const made = await worker(t)
    await assertCreated(made, sink({ 'consumer.override.client.id': 'test' }))
  })

  test('testCreateWithNoAllowedOverridesForNonePolicy: a connector that overrides nothing runs with any policy', async (t) => {
    const made = await worker(t, { [POLICY]: 'None' })
    await assertCreated(made, sink())
  })
})

test('a policy from plugin.path decides, at creation and when a task starts', async (t) => {
  const made = await worker(t, { [POLICY]: 'Refusing', 'test.policy.refuses': 'max.poll.records' })
  const refused = sink({ 'consumer.override.max.poll.records': '5' })
  await assertRefused(made, refused, /this consumer is not to have max\.poll\.records=5/)
  await assertCreated(made, sink({ 'consumer.override.client.id': 'test' }))
})

test('a worker with a policy, a provider or a converter that is not there does not start', async (t) => {
  const converters = { 'value.converter': 'io.confluent.connect.avro.AvroConverter', 'header.converter': 'no.Such' }
  await assert.rejects(worker(t, converters), (error: Error) => {
    assert.match(
      error.message,
      /Invalid value io\.confluent\.connect\.avro\.AvroConverter for configuration value\.converter: Class \S+ could not be found\. There are .*JsonConverter/,
    )
    assert.match(error.message, /configuration header\.converter: .*SimpleHeaderConverter/)
    assert.doesNotMatch(error.message, /key\.converter/)
    return true
  })
  await assert.rejects(worker(t, { [POLICY]: 'no.SuchPolicy' }), /no\.SuchPolicy is not known; there are All, None/)
  const provider = { 'config.providers': 'v', 'config.providers.v.class': 'no.SuchProvider' }
  await assert.rejects(
    worker(t, provider),
    /config\.providers\.v\.class=no\.SuchProvider is not known; .*test\.Numbering/,
  )
})

test('a task starts anew with the new value when one of a provider from plugin.path expires', async (t) => {
  const made = await worker(t, {
    'config.providers': 'vault',
    'config.providers.vault.class': 'test.NumberingConfigProvider',
    'config.providers.vault.param.ttl.ms': '300',
  })
  const config = {
    'connector.class': 'test.CountingSource',
    'tasks.max': '1',
    count: '10000000',
    'per.poll': '1',
    topic: '${vault:p:expiring}',
  }
  assert.equal((await made.call('POST', '/connectors', { name: 'c', config })).status, 201)
  const topics = await eventually(
    async () => {
      const { body } = await made.call('GET', '/connectors/c/topics')
      const used = (body as { c?: { topics: string[] } }).c?.topics ?? []
      return used.length >= 2 ? used : null
    },
    'records in a second topic',
    20_000,
  )
  for (const topic of topics) assert.match(topic, /^expiring-\d+$/)
  const shown = await made.call('GET', '/connectors/c/config')
  assert.equal((shown.body as Record<string, string>)['topic'], '${vault:p:expiring}')
})
