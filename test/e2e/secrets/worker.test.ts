import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type MillraceOptions, spawnMillrace, startMillrace } from '../../../bench/rig/millrace-process.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { makeCertificates } from '../../support/certificates.ts'
import { freePort } from '../../support/free-port.ts'
import { assertHidden } from './rig.ts'

// What the worker itself is given: properties, files of credentials, keys, and connectors of standalone mode.

const secrets = ['of-the-values-file', 'worker-p4ssword', 'l0velace-of-ada', 'jaas-of-the-worker', 'pw-9z!']
const [provided = '', password = '', credential = '', jaas = '', short = ''] = secrets
const certificates = await makeCertificates()
let broker: TestBroker
let folder: string
const file = (name: string): string => join(folder, name)

before(async () => {
  broker = await startTestBroker()
  folder = await mkdtemp(join(tmpdir(), 'millrace-worker-secrets-'))
  await writeFile(file('values.properties'), `value=${provided}\nshort=${short}\n`)
  await writeFile(file('credentials.properties'), `ada=${credential}\n`)
  const module = 'org.apache.kafka.connect.rest.basic.auth.extension.PropertyFileLoginModule'
  await writeFile(
    file('jaas.conf'),
    `KafkaConnect {\n  ${module} required\n  file="${file('credentials.properties')}";\n};\n`,
  )
})
after(async () => {
  await broker?.close()
  await certificates?.remove()
  await rm(folder, { recursive: true, force: true })
})

/** Properties of a standalone worker, full of secrets. */
function properties(more: Record<string, string>): Record<string, string> {
  return {
    'bootstrap.servers': broker.bootstrap,
    'key.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
    'offset.storage.file.filename': file('offsets'),
    'plugin.path': fileURLToPath(new URL('plugins', import.meta.url)),
    'config.providers': 'file',
    'config.providers.file.class': 'org.apache.kafka.common.config.provider.FileConfigProvider',
    'sasl.jaas.config': `x.PlainLoginModule required username="u" password="${jaas}";`,
    'consumer.ssl.truststore.password': password,
    'unknown.password': `\${file:${file('values.properties')}:short}`,
    ...more,
  }
}

const reference = (): string => `\${file:${file('values.properties')}:value}`

function options(
  more: Record<string, string>,
  connectors: readonly string[] = [],
): MillraceOptions & { text(): string } {
  let text = ''
  return {
    command: 'standalone',
    file: '/dev/null',
    connectors,
    restUrl: more['listeners'] ?? '',
    overrides: properties(more),
    onOutput: (part) => {
      text += part
    },
    text: () => text,
  }
}

/** What it prints until it ends, which it must. */
async function failedStart(more: Record<string, string>, connectors: readonly string[] = []): Promise<string> {
  const started = options({ listeners: `http://127.0.0.1:${await freePort()}`, ...more }, connectors)
  const child = spawnMillrace(started)
  const timer = setTimeout(() => void child.kill(), 30_000)
  const code = await child.exited
  clearTimeout(timer)
  assert.ok(code !== 0 && code !== null, `it ended with ${code}: ${started.text()}`)
  return started.text()
}

test('a worker that does not start because of its properties quotes no secret', async () => {
  const texts = await Promise.all([
    failedStart({ 'offset.flush.interval.ms': reference() }),
    failedStart({ 'rest.advertised.listener': reference(), 'task.shutdown.graceful.timeout.ms': password }),
  ])
  assert.match(texts.join(), /offset\.flush\.interval\.ms.*Not a number/)
  for (const text of texts) {
    assert.match(text, /\[hidden\]/)
    assertHidden(text, secrets, 'a failed start')
  }
})

test('keys, stores and files of credentials that cannot be used are named without their passwords', {
  skip: certificates === null && 'openssl is not installed',
}, async () => {
  const listeners = `https://127.0.0.1:${await freePort()}`
  const extension = 'org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension'
  const store = { listeners, 'listeners.https.ssl.keystore.location': certificates?.encryptedPemFile ?? '' }
  const p12 = { ...store, 'listeners.https.ssl.keystore.location': certificates?.p12File ?? '' }
  await writeFile(file('broken.conf'), `KafkaConnect { x required password="${jaas}" file=`)
  const texts = await Promise.all([
    failedStart({ ...store, 'listeners.https.ssl.keystore.type': 'PEM', 'listeners.https.ssl.key.password': password }),
    failedStart({
      ...p12,
      'listeners.https.ssl.keystore.type': 'PKCS12',
      'listeners.https.ssl.keystore.password': password,
    }),
    failedStart({
      listeners,
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.key': `-----BEGIN X-----\n${jaas}\n-----END X-----`,
    }),
    failedStart({ 'rest.extension.classes': extension, 'java.security.auth.login.config': file('broken.conf') }),
  ])
  for (const [i, pattern] of [
    /ssl\.key\.password/,
    /ssl\.keystore\.password/,
    /ssl\.keystore/,
    /JAAS file/,
  ].entries()) {
    assert.match(texts[i] ?? '', pattern)
    assertHidden(texts[i] ?? '', secrets, 'a failed start')
  }
})

test('a connector file that cannot be used quotes no secret', async () => {
  const connector = {
    'connector.class': 'QuotingSource',
    'db.password': password,
    plain: reference(),
    'tiny.password': `\${file:${file('values.properties')}:short}`,
    where: 'validate',
  }
  await writeFile(file('quoting.json'), JSON.stringify({ name: 'quoting', config: connector }))
  const faulty = { ...connector, name: 'faulty', where: '', 'tasks.max': reference() }
  await writeFile(
    file('faulty.properties'),
    Object.entries(faulty)
      .map(([name, value]) => `${name}=${value}`)
      .join('\n'),
  )
  const texts = await Promise.all([
    failedStart({}, [file('quoting.json')]),
    failedStart({}, [file('faulty.properties')]),
  ])
  for (const text of texts) {
    assert.match(text, /cannot be created/)
    assert.match(text, /\[hidden\]/)
    assertHidden(text, secrets, 'a failed start')
  }
})

test('a worker at level TRACE with basic authentication shows no secret of its own', async () => {
  const listeners = `http://127.0.0.1:${await freePort()}`
  const started = options({
    listeners,
    'rest.extension.classes': 'org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension',
    'java.security.auth.login.config': file('jaas.conf'),
    'response.http.headers.config': 'set X-Plain: yes',
  })
  const worker = await startMillrace({
    ...started,
    overrides: { ...started.overrides, 'producer.client.id': reference() },
  })
  try {
    const basic = (user: string): Record<string, string> => ({
      authorization: `Basic ${Buffer.from(`${user}:${credential}`).toString('base64')}`,
    })
    const body = JSON.stringify({ level: 'TRACE' })
    const json = { 'content-type': 'application/json' }
    const level = await fetch(`${listeners}/admin/loggers/root`, {
      method: 'PUT',
      headers: { ...json, ...basic('ada') },
      body,
    })
    assert.equal(level.status, 200)
    for (const user of ['ada', 'eve', '']) {
      for (const path of ['/', '/metrics', '/nowhere', `/connectors/x?password=${password}`]) {
        const answer = await fetch(listeners + path, { headers: basic(user) })
        assertHidden(JSON.stringify([...answer.headers]) + (await answer.text()), secrets, path)
      }
    }
  } finally {
    await worker.stop()
  }
  const text = started.text()
  assert.match(text, /"path":"\/metrics","status":401/)
  assert.match(text, /unknown\.password/)
  assertHidden(text, secrets, 'the log')
  assertHidden(text, [Buffer.from(`ada:${credential}`).toString('base64')], 'the log')
})
