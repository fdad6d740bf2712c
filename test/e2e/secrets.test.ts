import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type ConnectorStatus, until } from '../../bench/rig/connect-rest.ts'
import { startTestMillrace, type TestMillrace } from '../support/millrace.ts'

/** Quotes its whole configuration in an error, as careless plugins do. */
const plugin = `import { config, defineSource, password, Type } from 'millrace/connect'
export default defineSource({
  class: 'test.QuotingSource', version: '1.0.0', summary: 'Quotes.',
  config: config({ 'db.password': password({ default: '' }), plain: Type.String({ default: '' }), where: Type.String() }),
  validate(props) {
    if (props.where === 'validate') throw new Error('validate: ' + JSON.stringify(props))
    return undefined
  },
  async startTask(props, context) {
    const quote = (hook) => { if (props.where === hook) throw new Error(hook + ': ' + JSON.stringify(context.config)) }
    quote('startTask')
    return { async poll() { quote('poll'); return context.idle(50) }, async stop() { quote('stop') } }
  },
})
`

const secrets = ['literal-password', 'key-by-its-name', 'value-of-a-file', 'url-user-part', 'url-query-part']
let folder: string
let millrace: TestMillrace

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-secrets-'))
  await writeFile(join(folder, 'quoting.ts'), plugin)
  await writeFile(join(folder, 'values.properties'), 'value=value-of-a-file\n')
  millrace = await startTestMillrace({
    'plugin.path': folder,
    'config.providers': 'file',
    'config.providers.file.class': 'org.apache.kafka.common.config.provider.FileConfigProvider',
  })
})
after(async () => {
  await millrace.stop()
  await rm(folder, { recursive: true, force: true })
})

function quoting(where: string): Record<string, string> {
  return {
    'connector.class': 'QuotingSource',
    'db.password': 'literal-password',
    'aws.secret.access.key': 'key-by-its-name',
    plain: `\${file:${join(folder, 'values.properties')}:value}`,
    url: 'jdbc:postgresql://u:url-user-part@host/db?password=url-query-part',
    where,
  }
}

function assertHidden(text: string): void {
  for (const secret of secrets) assert.ok(!text.includes(secret), `${secret} is shown in: ${text.slice(0, 2000)}`)
}

for (const where of ['startTask', 'poll']) {
  test(`a task that quotes its configuration when ${where} fails shows no secret in its trace`, async () => {
    await millrace.rest.createConnector({ name: where, config: quoting(where) })
    const trace = await until('the failure of the task', 20_000, async () => {
      const answer = await millrace.rest.request('GET', `/connectors/${where}/status`)
      return (answer.status === 200 && (answer.body as ConnectorStatus).tasks[0]?.trace) || null
    })
    assert.match(trace, new RegExp(`${where}: .*\\[hidden\\]`))
    assertHidden(trace)
  })
}

test('validation shows references instead of what they stand for, and no secret in what fails', async () => {
  const path = '/connector-plugins/QuotingSource/config/validate'
  const config = quoting('nowhere')
  const infos = JSON.stringify(await millrace.rest.ok('PUT', path, { ...config, 'tasks.max': config['plain'] ?? '' }))
  assert.ok(infos.includes(JSON.stringify(config['plain'])))
  assertHidden(infos)
  const failed = await millrace.rest.request('POST', '/connectors', { name: 'v', config: quoting('validate') })
  assert.equal(failed.status, 500)
  assertHidden(JSON.stringify(failed.body))
})

test('after all that, and a stop that quotes too, no log line shows a secret', async () => {
  await millrace.rest.createConnector({ name: 'stop', config: quoting('stop') })
  await millrace.reach('stop', 'RUNNING', 1)
  await millrace.rest.ok('PUT', '/connectors/stop/stop')
  const output = await until('the log of the failed stop', 20_000, async () => {
    const text = millrace.process.output()
    return text.includes('stop: ') ? text : null
  })
  assert.ok(output.includes('poll: '), 'what the threads log is in the output')
  assertHidden(output)
})
