import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { until } from '../../../bench/rig/connect-rest.ts'
import { assertHidden, literal, provided, type SecretsRig, startSecretsRig } from './rig.ts'

const secrets = [...Object.values(literal), ...Object.values(provided)]
let rig: SecretsRig
before(async () => {
  rig = await startSecretsRig()
})
after(() => rig.stop())

/** What quoted, and not only what failed before that. */
function assertQuoted(text: string, hook: string): void {
  assert.match(text, new RegExp(`${hook}: .*\\[hidden\\]`))
  assertHidden(text, secrets, hook)
}

for (const hook of ['startConnector', 'startTask', 'poll', 'apply', 'test', 'fromConnectData', 'create']) {
  test(`a source that quotes its configuration when ${hook} fails shows no secret in its trace`, async () => {
    const name = `source-${hook}`
    await rig.millrace.rest.createConnector({ name, config: rig.source(hook) })
    assertQuoted(await rig.failure(name), hook)
  })
}

for (const hook of ['open', 'put', 'toConnectData', 'preCommit']) {
  test(`a sink that quotes its configuration when ${hook} fails shows no secret in its trace`, async () => {
    const name = `sink-${hook}`
    await feed()
    await rig.millrace.rest.createConnector({ name, config: rig.sink(hook, 'from-feed') })
    if (hook === 'preCommit') await logged(`${hook}: `)
    else assertQuoted(await rig.failure(name), hook)
  })
}

/** A source that gives its topic a record. */
async function feed(): Promise<void> {
  await rig.millrace.rest.ok('PUT', '/connectors/feed/config', rig.source('nowhere'))
  await rig.millrace.reach('feed', 'RUNNING', 1)
}

async function logged(text: string): Promise<void> {
  await until(`the log of ${text}`, 20_000, async () => (rig.output().includes(text) ? true : null))
}

test('validation shows references instead of what they stand for, and no secret in what fails', async () => {
  const { rest } = rig.millrace
  const path = '/connector-plugins/QuotingSource/config/validate'
  const config = rig.source('nowhere')
  const infos = JSON.stringify(await rest.ok('PUT', path, { ...config, 'tasks.max': config['plain'] ?? '' }))
  assert.ok(infos.includes(JSON.stringify(config['plain'])))
  assertHidden(infos, Object.values(provided), 'validation')
  const passwords = [literal.password, literal.pin, literal.salt, literal.converter, literal.header, literal.predicate]
  assertHidden(infos, [...passwords, literal.jaas, literal.keyLine], 'validation')
  for (const where of ['faulty', 'validate']) {
    const text = JSON.stringify(await rest.request('PUT', path, { ...config, where }))
    assert.match(text, /\[hidden\]/)
    assertHidden(text, [...Object.values(provided), ...passwords], `validation of ${where}`)
  }
})

test('no error answer shows a secret', async () => {
  const { rest } = rig.millrace
  const number = { 'producer.override.linger.ms': rig.source('')['plain'] ?? '' }
  const calls: [string, string, unknown][] = [
    ['POST', '/connectors', { name: 'refused', config: rig.source('validate') }],
    ['POST', '/connectors', { name: 'refused', config: rig.source('faulty') }],
    ['PUT', '/connectors/refused/config', rig.source('faulty')],
    ['PUT', '/connectors/refused/config', rig.source('nowhere', { 'tasks.max': rig.source('')['plain'] ?? '' })],
    ['PUT', '/connectors/refused/config', rig.source('nowhere', { ...number, 'tasks.max': '-1' })],
    ['PUT', '/connectors/refused/config', { ...rig.source('nowhere'), 'connector.class': `No${literal.byName}` }],
  ]
  for (const [method, path, body] of calls) {
    const answer = await rest.request(method, path, body)
    assert.ok(answer.status >= 400, JSON.stringify(answer.body))
    assertHidden(JSON.stringify(answer.body), secrets, `${method} ${path}`)
  }
  await rest.createConnector({ name: 'offsets', config: rig.source('alterOffsets') })
  await rig.millrace.reach('offsets', 'RUNNING', 1)
  await rest.ok('PUT', '/connectors/offsets/stop')
  const offsets = { offsets: [{ partition: { of: 'offsets' }, offset: { n: 5 } }] }
  for (const method of ['PATCH', 'DELETE']) {
    const answer = await until('the refusal of the plugin', 20_000, async () => {
      const { status, body } = await rest.request(method, '/connectors/offsets/offsets', offsets)
      return status === 500 ? JSON.stringify(body) : null
    })
    assert.match(answer, /alterOffsets: .*\[hidden\]/)
    assertHidden(answer, secrets, `${method} of offsets`)
  }
})

test('settings of clients that cannot be used are not quoted', async () => {
  const { rest } = rig.millrace
  const number = { 'producer.override.request.timeout.ms': rig.source('')['plain'] ?? '' }
  const protocol = { 'producer.override.security.protocol': 'SASL_SSL', 'producer.override.sasl.mechanism': 'PLAIN' }
  for (const [name, more] of Object.entries({ number, protocol })) {
    const answer = await rest.request('POST', '/connectors', { name, config: rig.source('nowhere', more) })
    const text = answer.status < 400 ? await rig.failure(name) : JSON.stringify(answer.body)
    assert.match(text, /request\.timeout\.ms|security\.protocol/)
    assertHidden(text, secrets, name)
  }
})

test('dead letters and their headers show no secret that an error, a source partition or offset quotes', async () => {
  const { rest } = rig.millrace
  const letters = (topic: string): Record<string, string> => ({
    'errors.tolerance': 'all',
    'errors.log.enable': 'true',
    'errors.log.include.messages': 'true',
    'errors.deadletterqueue.topic.name': topic,
    'errors.deadletterqueue.topic.replication.factor': '1',
    'errors.deadletterqueue.context.headers.enable': 'true',
  })
  const faulty = { 'transforms.quote.where': 'apply', ...letters('letters-of-source') }
  await rest.createConnector({ name: 'letter', config: rig.source('letter', faulty) })
  await feed()
  await rest.createConnector({ name: 'report', config: rig.sink('report', 'from-feed', letters('letters-of-sink')) })
  const { others } = await until('the dead letters', 20_000, async () => {
    const topics = await rig.topics()
    const kept = ['source.partition', 'reported: ', 'apply: '].every((text) => topics.others.includes(text))
    return kept ? topics : null
  })
  assertHidden(others, secrets, 'a dead letter')
})

test('what a connector makes of provided values is kept with the references', async () => {
  const config = rig.source('derive', { vault: '${vault:path:key}' })
  await rig.millrace.rest.createConnector({ name: 'derive', config })
  await rig.millrace.reach('derive', 'RUNNING', 1)
  const tasks = JSON.stringify(await rig.millrace.rest.ok('GET', '/connectors/derive/tasks'))
  assert.ok(tasks.includes(JSON.stringify(`/${config['plain']}?also=\${vault:path:key}`).slice(1, -1)), tasks)
  assertHidden(tasks, [...Object.values(provided), 'rotated-value'], 'task configurations')
  await rig.millrace.rest.ok('DELETE', '/connectors/derive')
})

test('values from before and after a rotation are hidden', async () => {
  const config = rig.source('log', { vault: '${vault:path:key}', 'vault.password': 'pw-${vault:path:other}' })
  await rig.millrace.rest.createConnector({ name: 'rotating', config })
  await until('three rotations', 20_000, async () => {
    const starts = rig.output().split('logged with').length - 1
    return starts > 3 * 5 ? true : null
  })
  await rig.millrace.rest.ok('PUT', '/connectors/rotating/config', { ...config, where: 'poll' })
  assertHidden(await rig.failure('rotating'), [...secrets, 'rotated-value'], 'the trace')
  await rig.millrace.rest.ok('DELETE', '/connectors/rotating')
})

test('after all that, and stops that quote too, nothing that the worker shows or stores holds a secret', async () => {
  const { rest } = rig.millrace
  for (const where of ['stop', 'stopConnector', 'commitRecord', 'commit']) {
    await rest.createConnector({ name: where, config: rig.source(where) })
    await rig.millrace.reach(where, 'RUNNING', 1)
    if (where.startsWith('stop')) await rest.ok('PUT', `/connectors/${where}/stop`)
    await logged(`${where}: `)
  }
  await rest.createConnector({ name: 'log', config: rig.source('log') })
  await logged('printed with')
  await logged('warned with')
  const names = (await rest.ok('GET', '/connectors')) as string[]
  const paths = ['status', 'topics', 'offsets'].flatMap((what) => names.map((name) => `/connectors/${name}/${what}`))
  const others = ['/', '/health', '/openapi.json', '/metrics', '/connectors?expand=status', '/admin/loggers']
  for (const path of [...paths, ...others, '/connector-plugins?connectorsOnly=false']) {
    const response = await fetch(`${rest.url}${path}`)
    assertHidden(await response.text(), secrets, path)
  }
  const readBack = names.flatMap((name) => ['config', 'tasks'].map((what) => `/connectors/${name}/${what}`))
  for (const path of [...readBack, '/connectors?expand=info'])
    assertHidden(JSON.stringify(await rest.ok('GET', path)), [...Object.values(provided), 'rotated-value'], path)
  const topics = await rig.topics()
  assert.ok(topics.configs.includes('db.password'), 'the configuration topic is found')
  assertHidden(topics.configs, [...Object.values(provided), 'rotated-value'], 'the configuration topic')
  assertHidden(topics.others, [...secrets, 'rotated-value'], 'a topic')
  assert.match(rig.output(), /"path":"\/connectors\/letter\/status"/, 'the access log is in the output')
  assertHidden(rig.output(), [...secrets, 'rotated-value'], 'the log')
})
