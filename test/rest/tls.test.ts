import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request, type RequestOptions } from 'node:https'
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { after, describe, test } from 'node:test'
import { silentLogger } from '../../src/base/logger.ts'
import { advertisedUrl } from '../../src/rest/listeners.ts'
import { createRestServer, type RestServer } from '../../src/rest/server.ts'
import {
  type Herder,
  listenerTls,
  NotLeaderError,
  PeerClient,
  serverTlsOptions,
  workerConfig,
} from '../../src/runtime/index.ts'
import { clientTlsOptions } from '../../src/runtime/worker-config/tls-options.ts'
import { type Certificates, makeCertificates } from '../support/certificates.ts'
import { type JavaStores, makeJavaStores } from '../support/java-stores.ts'
import { testWorkerProps } from '../support/connect-worker.ts'
import { fakeHerder } from '../support/fake-herder.ts'

const made = await makeCertificates()
const skip = made === null ? 'openssl is not installed' : false
const certificates = made as Certificates
const used = ['jks', 'pkcs12', 'oldPkcs12', 'trustJks', 'trustPkcs12'] as const
const javaStores = made === null ? null : await makeJavaStores(made, used)
after(() => made?.remove())

/** A server as a worker with these properties has it. */
async function serve(
  props: Record<string, string>,
  herder: Partial<Herder> = {},
): Promise<RestServer & { advertised: string }> {
  const config = workerConfig(testWorkerProps('localhost:1', { listeners: 'https://127.0.0.1:0', ...props }))
  const { tls, prefix } = listenerTls(config)
  const server = await createRestServer({
    herder: fakeHerder(herder),
    logger: silentLogger,
    listeners: config.listeners,
    peers: new PeerClient(() => clientTlsOptions(tls, prefix)),
    tls: () => serverTlsOptions(tls, prefix),
  })
  return { ...server, advertised: advertisedUrl(config, server.bound) }
}

interface Answer {
  readonly status: number | undefined
  readonly body: string
}

async function ask(url: string, options: RequestOptions = {}, body?: string): Promise<Answer> {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' }
  const outgoing = request(url, { agent: false, headers, ca: certificates.ca, ...options })
  const answered = once(outgoing, 'response')
  outgoing.end(body)
  const [incoming] = (await answered) as [IncomingMessage]
  return { status: incoming.statusCode, body: await text(incoming) }
}

const pem = () => ({ 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': certificates.pemFile })
const underListener = (props: Record<string, string>) =>
  Object.fromEntries(Object.entries(props).map(([name, value]) => [`listeners.https.${name}`, value]))

describe('https listeners', { skip }, () => {
  const stores: readonly (readonly [string, () => Record<string, string>])[] = [
    ['a PEM file', pem],
    [
      'a PEM file with an encrypted key',
      () => ({
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.location': certificates.encryptedPemFile,
        'ssl.key.password': certificates.password,
      }),
    ],
    [
      'PEM texts',
      () => ({
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.key': certificates.key,
        'ssl.keystore.certificate.chain': certificates.cert,
      }),
    ],
    [
      'a PKCS12 file',
      () => ({
        'ssl.keystore.type': 'PKCS12',
        'ssl.keystore.location': certificates.p12File,
        'ssl.keystore.password': certificates.password,
      }),
    ],
    ['a PEM file below listeners.https.', () => underListener(pem())],
  ]
  for (const [title, props] of stores) {
    test(`take their certificate from ${title}`, async () => {
      const server = await serve(props())
      try {
        assert.match(server.advertised, /^https:\/\/127\.0\.0\.1:\d+\/$/)
        assert.equal((await ask(`${server.urls[0]}connectors`)).body, '["a","b"]')
        await assert.rejects(ask(`${server.urls[0]}connectors`, { ca: undefined }), /certificate/)
      } finally {
        await server.close()
      }
    })
  }

  const refused: readonly (readonly [string, () => Record<string, string>, RegExp])[] = [
    ['no certificate', () => ({}), /set ssl\.keystore\.location/],
    [
      'a file that is not there',
      () => ({ 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': '/no/such.pem' }),
      /ssl\.keystore\.location.*ENOENT/,
    ],
    [
      'a PEM file of the type JKS, which is the default',
      () => ({ 'ssl.keystore.location': certificates.pemFile }),
      /ssl\.keystore\.location=.* is PEM: set its type to PEM \(ssl\.keystore\.type=JKS\)/,
    ],
    [
      'a type of store that is not there, below the prefix',
      () => underListener({ 'ssl.keystore.location': certificates.p12File, 'ssl.keystore.type': 'bcfks' }),
      /listeners\.https\.ssl\.keystore\.type=BCFKS .* is not supported.*keytool -importkeystore/,
    ],
    [
      'a store below the prefix that is not there',
      () => underListener({ 'ssl.keystore.location': '/x.jks' }),
      /listeners\.https\.ssl\.keystore\.location.*ENOENT/,
    ],
    [
      'a wrong password of a PKCS12 store',
      () => ({
        'ssl.keystore.type': 'PKCS12',
        'ssl.keystore.location': certificates.p12File,
        'ssl.keystore.password': 'wrong-one',
      }),
      /ssl\.keystore\.password/,
    ],
    [
      'a wrong password of a key',
      () => ({
        'ssl.keystore.type': 'PEM',
        'ssl.keystore.location': certificates.encryptedPemFile,
        'ssl.key.password': 'wrong-one',
      }),
      /ssl\.key\.password/,
    ],
    [
      'a PKCS12 trust store without its password',
      () => ({ ...pem(), 'ssl.truststore.type': 'PKCS12', 'ssl.truststore.location': certificates.p12File }),
      /ssl\.truststore\.location=.* its password is wrong\. Check ssl\.truststore\.password/,
    ],
    [
      'no known TLS version',
      () => ({ ...pem(), 'ssl.enabled.protocols': 'SSLv3' }),
      /ssl\.enabled\.protocols names none/,
    ],
  ]
  for (const [title, props, message] of refused) {
    test(`do not open with ${title}, and say which setting it is`, async () => {
      await assert.rejects(serve(props()), (error: Error) => {
        assert.match(error.message, message)
        assert.ok(!error.message.includes('wrong-one'))
        return true
      })
    })
  }

  describe("with Java's stores", { skip: javaStores === null && "Java's keytool is not installed" }, () => {
    const { password } = certificates
    const java = javaStores as JavaStores
    const keys = {
      'ssl.keystore.location': java?.jks,
      'ssl.keystore.password': password,
      'ssl.key.password': java?.keyPassword,
    }
    const files: readonly (readonly [string, Record<string, string>])[] = [
      ['JKS stores without a word about their types', { ...keys, 'ssl.truststore.location': java?.trustJks }],
      [
        'PKCS12 stores',
        {
          'ssl.keystore.type': 'PKCS12',
          'ssl.keystore.location': java?.oldPkcs12,
          'ssl.keystore.password': password,
          'ssl.truststore.type': 'PKCS12',
          'ssl.truststore.location': java?.trustPkcs12,
          'ssl.truststore.password': password,
        },
      ],
      [
        'a PKCS12 trust store of the type JKS, below listeners.https.',
        underListener({
          ...keys,
          'ssl.truststore.location': java?.trustPkcs12,
          'ssl.truststore.password': password,
        }),
      ],
    ]
    for (const [title, props] of files) {
      test(`they serve and let in clients by ${title}`, async () => {
        const prefix = Object.keys(props).some((name) => name.startsWith('listeners.')) ? 'listeners.https.' : ''
        const server = await serve({ ...props, [`${prefix}ssl.client.auth`]: 'required' })
        try {
          const url = `${server.urls[0]}connectors`
          const [own, stranger] = [await readFile(certificates.pemFile), await readFile(certificates.strangerFile)]
          assert.equal((await ask(url, { key: own, cert: own })).status, 200)
          await assert.rejects(ask(url, { key: stranger, cert: stranger }))
          const config = workerConfig(testWorkerProps('localhost:1', { listeners: 'https://127.0.0.1:0', ...props }))
          const listener = listenerTls(config)
          // As a follower asks its leader.
          assert.equal(
            (await ask(url, { ca: undefined, ...clientTlsOptions(listener.tls, listener.prefix) })).status,
            200,
          )
        } finally {
          await server.close()
        }
      })
    }

    test('trust another worker by its own certificate alone, when that is in the store, as Java does', async () => {
      const server = await serve(keys)
      const own = { 'ssl.truststore.location': java.pkcs12, 'ssl.truststore.password': password }
      const config = workerConfig(testWorkerProps('localhost:1', own))
      const { tls, prefix } = listenerTls(config)
      assert.equal(
        (await ask(`${server.urls[0]}connectors`, { ca: undefined, ...clientTlsOptions(tls, prefix) })).status,
        200,
      )
      await server.close()
    })

    test('a key store without a key, and a trust store without trusted certificates, are named', async () => {
      const noKey = { ...keys, 'ssl.keystore.location': java.trustJks }
      await assert.rejects(serve(noKey), /ssl\.keystore\.location=.*trust\.jks holds no private key/)
      await assert.rejects(
        serve({ ...keys, 'ssl.key.password': 'wrong-one' }),
        /ssl\.keystore\.location=.* does not give its key worker for the password\. Check ssl\.keystore\.password or ssl\.key\.password/,
      )
    })
  })

  test('ask clients for a certificate when they must show one, and let in only those of the authority', async () => {
    const server = await serve({
      ...pem(),
      'ssl.client.auth': 'required',
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': certificates.caFile,
    })
    try {
      const url = `${server.urls[0]}connectors`
      const [own, stranger] = [await readFile(certificates.pemFile), await readFile(certificates.strangerFile)]
      assert.equal((await ask(url, { key: own, cert: own })).status, 200)
      await assert.rejects(ask(url))
      await assert.rejects(ask(url, { key: stranger, cert: stranger }))
    } finally {
      await server.close()
    }
  })

  test('let in clients without a certificate when one is only requested', async () => {
    const server = await serve({ ...pem(), 'ssl.client.auth': 'requested' })
    assert.equal((await ask(`${server.urls[0]}connectors`)).status, 200)
    await server.close()
  })

  test('speak only the TLS versions that are enabled', async () => {
    const server = await serve({ ...pem(), 'ssl.enabled.protocols': 'TLSv1.3' })
    const url = `${server.urls[0]}connectors`
    await assert.rejects(ask(url, { maxVersion: 'TLSv1.2' }))
    assert.equal((await ask(url, { minVersion: 'TLSv1.3' })).status, 200)
    await server.close()
  })
})

describe('RestForwardingIntegrationTest', { skip }, () => {
  const body = '{"name":"blah","config":{}}'
  const propsOf = (dual: boolean, ssl: boolean): Record<string, string> => ({
    ...(dual || ssl ? { ...pem(), 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': certificates.caFile } : {}),
    listeners: dual ? 'http://127.0.0.1:0,https://127.0.0.1:0' : ssl ? 'https://127.0.0.1:0' : 'http://127.0.0.1:0',
    ...(dual ? { 'rest.advertised.listener': ssl ? 'https' : 'http' } : {}),
  })
  const send = async (url: string): Promise<Answer> => {
    if (url.startsWith('https:')) return ask(`${url}connectors`, { method: 'POST' }, body)
    const response = await fetch(`${url}connectors`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    })
    return { status: response.status, body: await response.text() }
  }
  for (const [title, dual, followerSsl, leaderSsl] of [
    ['testRestForwardNoSsl', false, false, false],
    ['testRestForwardNoSslDualListener', true, false, false],
    ['testRestForwardLeaderSsl', true, false, true],
    ['testRestForwardFollowerSsl', true, true, false],
    ['testRestForwardSslDualListener', true, true, true],
    ['testRestForwardSsl', false, true, true],
  ] as const) {
    test(`${title}: the follower sends a new connector to the leader over ${leaderSsl ? 'https' : 'http'}`, async () => {
      const info = { name: 'blah', config: {}, tasks: [], type: 'source' } as const
      const leader = await serve(propsOf(dual, leaderSsl), { putConnector: async () => ({ created: true, info }) })
      const follower = await serve(propsOf(dual, followerSsl), {
        putConnector: () => Promise.reject(new NotLeaderError(leader.advertised)),
      })
      try {
        assert.equal(new URL(leader.advertised).protocol, leaderSsl ? 'https:' : 'http:')
        assert.equal(new URL(follower.advertised).protocol, followerSsl ? 'https:' : 'http:')
        const answer = await send(follower.advertised)
        assert.equal(answer.status, 201)
        assert.deepEqual(JSON.parse(answer.body), info)
      } finally {
        await Promise.all([leader.close(), follower.close()])
      }
    })
  }

  test('a leader whose certificate is of another authority is not trusted: the answer is a 500', async () => {
    const leader = await serve({ ...propsOf(false, true), 'ssl.keystore.location': certificates.strangerFile })
    const follower = await serve(propsOf(false, true), {
      putConnector: () => Promise.reject(new NotLeaderError(leader.advertised)),
    })
    const answer = await send(follower.advertised)
    assert.equal(answer.status, 500)
    assert.match(answer.body, /IO Error trying to forward REST request.*certificate/)
    await Promise.all([leader.close(), follower.close()])
  })
})
