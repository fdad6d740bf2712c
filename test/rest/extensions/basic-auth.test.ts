import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { silentLogger } from '../../../src/base/logger.ts'
import { hiddenInLogs } from '../../../src/base/secrets.ts'
import { createApp } from '../../../src/rest/app.ts'
import { basicAuth, jaasFileOf } from '../../../src/rest/extensions/basic-auth.ts'
import { clusterState } from '../../../src/rest/extensions/cluster-state.ts'
import { jaasEntry } from '../../../src/rest/extensions/jaas-config.ts'
import { RestExtensions } from '../../../src/rest/extensions/rest-extensions.ts'
import { fakeHerder } from '../../support/fake-herder.ts'

const module = 'org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule'
const logged: string[] = []
const logger = pino(
  { level: 'trace' },
  new Writable({
    write(chunk, _encoding, done) {
      logged.push(String(chunk))
      done()
    },
  }),
)
let folder: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-auth-'))
})
after(() => rm(folder, { recursive: true, force: true }))

async function fileOf(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text, 'latin1')
  return join(folder, name)
}

async function appWith(jaas: string): Promise<FastifyInstance> {
  const file = await fileOf('jaas.conf', jaas)
  const herder = fakeHerder()
  const extensions = await RestExtensions.create({
    plugins: [basicAuth],
    properties: { 'java.security.auth.login.config': file },
    clusterState: clusterState(herder, 1000),
    logger,
    isTaken: () => false,
  })
  return createApp({ herder, logger, extensions, metrics: { collect: async () => [] } })
}

const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })

describe('BasicAuthSecurityRestExtension', () => {
  let app: FastifyInstance
  before(async () => {
    const credentials = await fileOf('users.properties', 'ada = l0velace\\!\nbob=s:e=cret\njosé=pässword\n')
    app = await appWith(`// who may come in\nKafkaConnect {\n  ${module} required\n  file="${credentials}";\n};\n`)
  })
  after(() => app.close())

  test('lets through whom the file names, with the scheme in any case', async () => {
    for (const headers of [
      basic('ada:l0velace!'),
      basic('bob:s:e=cret'),
      basic('josé:pässword'),
      { authorization: basic('ada:l0velace!').authorization.replace('Basic', 'bASIC') },
    ]) {
      assert.equal((await app.inject({ url: '/connectors', headers })).statusCode, 200)
    }
  })

  test('answers 401 with a plain sentence otherwise, on every path that is there, before a body is read', async () => {
    const wrong: Record<string, string>[] = [
      {},
      basic('ada:wrong'),
      basic('ada:'),
      basic('eve:l0velace!'),
      basic('ada'),
      basic(':l0velace!'),
      { authorization: basic('ada:l0velace!').authorization.replace('Basic', 'Bearer') },
      { authorization: 'Basic' },
      { authorization: 'Basic !!!' },
    ]
    for (const headers of wrong) {
      const answer = await app.inject({ url: '/connectors', headers })
      assert.equal(answer.statusCode, 401, JSON.stringify(headers))
      assert.equal(answer.body, 'User cannot access the resource.')
      assert.equal(answer.headers['content-type'], 'text/plain')
    }
    for (const url of ['/', '/health', '/connectors/c/config', '/admin/loggers', '/metrics', '/openapi.json']) {
      assert.equal((await app.inject({ url })).statusCode, 401, url)
    }
    const post = { method: 'POST', url: '/connectors', headers: { 'content-type': 'application/json' } } as const
    assert.equal((await app.inject({ ...post, payload: 'not json' })).statusCode, 401)
    assert.equal((await app.inject({ method: 'OPTIONS', url: '/connectors' })).statusCode, 401)
  })

  test('leaves signed requests of other workers to their signature, and what is not there to the router', async () => {
    const headers = { 'content-type': 'application/json' }
    const tasks = await app.inject({ method: 'POST', url: '/connectors/c/tasks', headers, payload: '[]' })
    assert.equal(tasks.statusCode, 204)
    assert.equal((await app.inject({ method: 'PUT', url: '/connectors/c/fence' })).statusCode, 204)
    assert.equal((await app.inject({ url: '/connectors/c/tasks' })).statusCode, 401)
    assert.equal((await app.inject({ method: 'POST', url: '/connectors/c/restart' })).statusCode, 401)
    assert.equal((await app.inject('/nothing')).statusCode, 404)
    assert.equal((await app.inject({ method: 'PATCH', url: '/connectors' })).statusCode, 405)
  })

  test('never writes names, passwords or headers to the log', async () => {
    await app.inject({ url: '/connectors', headers: basic('mallory:open-sesame') })
    const text = logged.join('')
    assert.match(text, /"path":"\/connectors"/)
    for (const secret of ['l0velace', 's:e=cret', 'mallory', 'open-sesame', basic('ada:l0velace!').authorization]) {
      assert.ok(!text.includes(secret), secret)
    }
    assert.ok(hiddenInLogs().some(({ text }) => text === 'l0velace!'))
  })

  test('several modules accept the users of each; an empty file lets everybody in, with a warning', async () => {
    const [one, two] = [await fileOf('one', 'a=1'), await fileOf('two', 'b=2')]
    const both = await appWith(
      `Other { x.Y optional; }; KafkaConnect { ${module} sufficient file='${one}'; ${module} required file="${two}" debug="true"; };`.replaceAll(
        "'",
        '"',
      ),
    )
    assert.equal((await both.inject({ url: '/', headers: basic('a:1') })).statusCode, 200)
    assert.equal((await both.inject({ url: '/', headers: basic('b:2') })).statusCode, 200)
    assert.equal((await both.inject({ url: '/', headers: basic('a:2') })).statusCode, 401)
    await both.close()
    const open = await appWith(`KafkaConnect { ${module} required file="${await fileOf('empty', '# none')}"; };`)
    assert.equal((await open.inject('/')).statusCode, 200)
    assert.ok(logged.some((line) => line.includes('every request is let through')))
    await open.close()
  })

  const faulty: readonly (readonly [string, string, RegExp])[] = [
    ['has no such entry', 'Other { x.Y required; };', /jaas\.conf cannot be used: there is no entry KafkaConnect/],
    [
      'is no JAAS file',
      'KafkaConnect {\n x.Y never; };',
      /required, requisite, sufficient, optional is expected in line 2/,
    ],
    ['names another module', 'KafkaConnect { com.Ldap required url="ldap://h"; };', /names com\.Ldap; only/],
    ['names no file', `KafkaConnect { ${module} required; };`, /the option file of PropertyFileLoginModule/],
    ['names a missing file', `KafkaConnect { ${module} required file="/no/such"; };`, /cannot be read: ENOENT/],
  ]
  for (const [title, text, message] of faulty) {
    test(`a worker does not start when its JAAS file ${title}`, async () => {
      await assert.rejects(appWith(text), (error: Error) => {
        assert.match(error.message, /rest\.extension\.classes/)
        assert.match(error.message, /BasicAuthSecurityRestExtension cannot be used/)
        assert.match(error.message, message)
        return true
      })
    })
  }

  test('the path of the JAAS file is found in the options for Java', () => {
    const option = '-Djava.security.auth.login.config'
    assert.equal(jaasFileOf({}), null)
    assert.equal(jaasFileOf({ KAFKA_OPTS: `-Xmx1g ${option}=/etc/jaas.conf -Dx=y` }), '/etc/jaas.conf')
    assert.equal(jaasFileOf({ JAVA_TOOL_OPTIONS: `${option}=="/etc/my jaas.conf"` }), '/etc/my jaas.conf')
    assert.equal(jaasFileOf({ KAFKA_OPTS: '-Xmx1g', JDK_JAVA_OPTIONS: `${option}=file:/etc/jaas` }), '/etc/jaas')
    assert.equal(jaasFileOf({ KAFKA_OPTS: `-Dother${option}=/x` }), null)
  })

  test('a JAAS file may have comments, quoted texts and unquoted paths', () => {
    const text =
      '/* a */ A { m.One required; };\n B { m.Two OPTIONAL file=/etc/x.y // no\n n="a;\\"b"; m.Three requisite; };'
    assert.deepEqual(jaasEntry(text, 'B'), [
      { class: 'm.Two', flag: 'optional', options: { file: '/etc/x.y', n: 'a;"b' } },
      { class: 'm.Three', flag: 'requisite', options: {} },
    ])
  })
})

test('without extensions nobody is asked who he is', async () => {
  const app = await createApp({ herder: fakeHerder(), logger: silentLogger })
  assert.equal((await app.inject('/connectors')).statusCode, 200)
  await app.close()
})
