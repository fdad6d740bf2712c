import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ConnectorStatus, until } from '../../../bench/rig/connect-rest.ts'
import { startTestMillrace, type TestMillrace } from '../../support/millrace.ts'

/** What providers give: nobody may see these anywhere. */
export const provided = {
  value: 'value-of-a-file',
  password: 'fp-6x!',
  short: 'sh0rt9',
  flush: 'flush-every-day',
} as const

/** What configurations say themselves: seen where a configuration is read back, as it was written, and nowhere else. */
export const literal = {
  password: 'literal-"password"\\1',
  byName: 'key-by-its-name',
  pin: '80461375',
  tiny: 'q7z',
  salt: 'salt-of-a-transform',
  converter: 'salt-of-a-converter',
  header: 'salt-of-a-header-converter',
  predicate: 'salt-of-a-predicate',
  urlUser: 'url-user-part',
  urlQuery: 'url query/part',
  jaas: 'jaas-module-part',
  list: 'entry-of-a-list',
  keyLine: 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC',
} as const

export const jaas = `org.example.PlainLoginModule required username="u" password="${literal.jaas}";`
const pem = `-----BEGIN PRIVATE KEY-----\n${literal.keyLine}\n-----END PRIVATE KEY-----`

/** A text under which a secret could hide. */
export function formsOf(secret: string): string[] {
  const once = JSON.stringify(secret).slice(1, -1)
  return [
    secret,
    once,
    JSON.stringify(once).slice(1, -1),
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  ]
}

/** Fails when the text shows one of the secrets in any form; those of four characters and less as whole values. */
export function assertHidden(text: string, secrets: readonly string[], where: string): void {
  for (const secret of secrets) {
    const forms = secret.length > 4 ? formsOf(secret) : [`"${secret}"`, `\\"${secret}`, `=${secret}`]
    for (const form of forms) {
      const at = text.indexOf(form)
      assert.ok(at === -1, `${where} shows ${secret}: …${text.slice(Math.max(0, at - 300), at + 100)}…`)
    }
  }
}

/** A process with quoting plugins and file and vault providers, at level TRACE. */
export interface SecretsRig {
  readonly millrace: TestMillrace
  /** A configuration full of secrets for a quoting source. */
  source(where: string, more?: Record<string, string>): Record<string, string>
  sink(where: string, topics: string, more?: Record<string, string>): Record<string, string>
  /** Everything that was written to standard output and error. */
  output(): string
  /** The trace of the connector or its first task, once it has failed. */
  failure(name: string): Promise<string>
  /** Bytes of all files of topics as text; `configs` those of the configuration topic alone. */
  topics(): Promise<{ configs: string; others: string }>
  stop(): Promise<void>
}

export async function startSecretsRig(overrides: Record<string, string> = {}): Promise<SecretsRig> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-secrets-'))
  const file = join(folder, 'values.properties')
  await writeFile(
    file,
    Object.entries(provided)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )
  let output = ''
  const millrace = await startTestMillrace(
    {
      'plugin.path': fileURLToPath(new URL('plugins', import.meta.url)),
      'config.providers': 'file,vault',
      'config.providers.file.class': 'org.apache.kafka.common.config.provider.FileConfigProvider',
      'config.providers.vault.class': 'test.RotatingVault',
      'offset.flush.interval.ms': '200',
      'producer.sasl.jaas.config': `x required password="${literal.jaas}";`,
      ...overrides,
    },
    (text) => {
      output += text
    },
  )
  await millrace.rest.ok('PUT', '/admin/loggers/root', { level: 'TRACE' })
  const reference = (key: keyof typeof provided): string => `\${file:${file}:${key}}`
  const secrets = (where: string): Record<string, string> => ({
    'tasks.max': '1',
    'db.password': literal.password,
    'aws.secret.access.key': literal.byName,
    pin: literal.pin,
    'tiny.password': literal.tiny,
    'file.password': reference('password'),
    short: reference('short'),
    plain: reference('value'),
    'list.of.tokens': `["${literal.list}"]`,
    url: `jdbc:postgresql://u:${literal.urlUser}@host/db?password=${encodeURIComponent(literal.urlQuery)}`,
    'producer.override.sasl.jaas.config': jaas,
    'producer.override.ssl.keystore.key': pem,
    transforms: 'quote',
    'transforms.quote.type': 'test.QuotingTransform',
    'transforms.quote.salt': literal.salt,
    'transforms.quote.where': where,
    'transforms.quote.predicate': 'one',
    predicates: 'one',
    'predicates.one.type': 'test.QuotingPredicate',
    'predicates.one.salt': literal.predicate,
    'predicates.one.where': where,
    'value.converter': 'test.QuotingConverter',
    'value.converter.salt': literal.converter,
    'value.converter.where': where,
    'header.converter': 'test.QuotingHeaderConverter',
    'header.converter.salt': literal.header,
    where,
  })
  return {
    millrace,
    output: () => output,
    source: (where, more) => ({ 'connector.class': 'QuotingSource', ...secrets(where), ...more }),
    sink: (where, topics, more) => ({
      'connector.class': 'QuotingSink',
      topics,
      'consumer.override.auto.offset.reset': 'earliest',
      ...secrets(where),
      ...more,
    }),
    failure: (name) =>
      until(`the failure of ${name}`, 20_000, async () => {
        const answer = await millrace.rest.request('GET', `/connectors/${name}/status`)
        const { connector, tasks } = answer.body as ConnectorStatus
        return (answer.status === 200 && (connector.trace ?? tasks[0]?.trace)) || null
      }),
    async topics() {
      let [configs, others] = ['', '']
      for (const name of await readdir(join(millrace.folder, 'broker'), { recursive: true })) {
        if (!name.endsWith('.log')) continue
        const text = await readFile(join(millrace.folder, 'broker', name), 'latin1')
        if (name.startsWith('connect-configs')) configs += text
        else others += text
      }
      return { configs, others }
    },
    async stop() {
      await millrace.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
