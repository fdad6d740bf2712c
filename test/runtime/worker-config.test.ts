import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { WorkerConfigError } from '../../src/runtime/errors.ts'
import { generateSessionKey, sign } from '../../src/runtime/herder/signature.ts'
import { workerConfig } from '../../src/runtime/worker-config.ts'

const base = {
  'bootstrap.servers': 'localhost:9092',
  'group.id': 'connect-cluster',
  'key.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'config.storage.topic': 'connect-configs',
  'offset.storage.topic': 'connect-offsets',
  'status.storage.topic': 'connect-status',
}

/** The messages about one property. */
function faults(props: Record<string, string>, name: string): readonly string[] {
  let found: readonly string[] = []
  assert.throws(
    () => workerConfig({ ...base, ...props }),
    (error) => {
      assert.ok(error instanceof WorkerConfigError)
      assert.deepEqual(Object.keys(error.errors), [name])
      found = error.errors[name] ?? []
      return true
    },
  )
  return found
}

describe('DistributedConfigTest', () => {
  test('shouldCreateKeyGeneratorWithDefaultSettings: a session key has the size of its algorithm', () => {
    const { interWorkerKeyAlgorithm, interWorkerKeySize } = workerConfig(base)
    assert.equal(interWorkerKeyAlgorithm, 'HmacSHA256')
    assert.equal(generateSessionKey(interWorkerKeyAlgorithm, interWorkerKeySize, 0).key.length, 32)
  })

  test('shouldCreateKeyGeneratorWithSpecificSettings: a session key has the size that is set', () => {
    const config = workerConfig({
      ...base,
      'inter.worker.key.generation.algorithm': 'HmacMD5',
      'inter.worker.key.size': '512',
    })
    const key = generateSessionKey(config.interWorkerKeyAlgorithm, config.interWorkerKeySize, 0)
    assert.equal(key.algorithm, 'HmacMD5')
    assert.equal(key.key.length, 64)
  })

  for (const [title, property] of [
    ['testSupportedMacAlgorithms', 'inter.worker.signature.algorithm'],
    ['testSupportedKeyGeneratorAlgorithms', 'inter.worker.key.generation.algorithm'],
  ] as const) {
    test(`${title}: every algorithm that Java has for it is accepted and works`, () => {
      const sizes = ['MD5', 'SHA1', 'SHA224', 'SHA256', 'SHA384', 'SHA512', 'SHA512/224', 'SHA512/256', 'SHA3-224']
      for (const algorithm of [...sizes, 'SHA3-256', 'SHA3-384', 'SHA3-512'].map((size) => `Hmac${size}`)) {
        workerConfig({
          ...base,
          [property]: algorithm,
          'inter.worker.verification.algorithms': `${algorithm},HmacSHA256`,
        })
        assert.notEqual(sign(Buffer.from('x'), generateSessionKey(algorithm, null, 0), algorithm), '')
      }
    })
  }

  test('shouldFailWithEmptyListOfVerificationAlgorithms: one has to be accepted', () => {
    const name = 'inter.worker.verification.algorithms'
    assert.match(faults({ [name]: '' }, name).join(), /At least one algorithm/)
  })

  test('shouldFailIfSignatureAlgorithmNotInVerificationAlgorithmsList: a worker accepts what it sends', () => {
    const name = 'inter.worker.verification.algorithms'
    const props = { 'inter.worker.signature.algorithm': 'HmacSHA1', [name]: 'HmacSHA256' }
    assert.match(faults(props, name).join(), /Must contain inter\.worker\.signature\.algorithm \(HmacSHA1\)/)
  })

  test('shouldNotFailIfKeyAlgorithmNotInVerificationAlgorithmsList: keys may be of another algorithm', () => {
    const config = workerConfig({
      ...base,
      'inter.worker.key.generation.algorithm': 'HmacSHA1',
      'inter.worker.verification.algorithms': 'HmacSHA256',
    })
    assert.deepEqual(config.interWorkerVerificationAlgorithms, ['HmacSHA256'])
  })

  test('shouldFailWithInvalidKeyAlgorithm: unknown algorithms are refused by name', () => {
    const name = 'inter.worker.key.generation.algorithm'
    assert.match(faults({ [name]: 'not-actually-a-key-algorithm' }, name).join(), /not-actually-a-key-algorithm/)
  })

  test('shouldFailWithInvalidKeySize: a key has at least 40 bits', () => {
    const name = 'inter.worker.key.size'
    assert.deepEqual(faults({ [name]: '1' }, name), [
      `Invalid value 1 for configuration ${name}: Value must be at least 40`,
    ])
  })

  test('shouldValidateAllVerificationAlgorithms: one unknown algorithm among others is refused', () => {
    const name = 'inter.worker.verification.algorithms'
    for (const list of ['HmacSHA1,HmacSHA256,bad', 'bad,HmacSHA256', 'HmacSHA256,bad,HmacMD5']) {
      assert.match(faults({ [name]: list }, name).join(), /Invalid value bad/)
    }
  })

  for (const [what, names] of [
    ['Partitions', ['offset.storage.partitions', 'status.storage.partitions']],
    [
      'ReplicationFactor',
      ['config.storage.replication.factor', 'offset.storage.replication.factor', 'status.storage.replication.factor'],
    ],
  ] as const) {
    test(`shouldAllowNegativeOneAndPositiveFor${what}: -1 is the broker's default`, () => {
      for (const name of names) {
        for (const value of ['-1', '1', '2', '100']) workerConfig({ ...base, [name]: value })
      }
      const config = workerConfig({ ...base, ...Object.fromEntries(names.map((name) => [name, '-1'])) })
      assert.equal(what === 'Partitions' ? config.offsetStorage.partitions : config.configStorage.replicationFactor, -1)
    })

    test(`shouldNotAllowZero${what}: none is not enough`, () => {
      for (const name of names) assert.equal(faults({ [name]: '0' }, name).length, 1)
    })

    test(`shouldNotAllowNegative${what}LessThanNegativeOne: below -1 there is nothing`, () => {
      for (const name of names)
        for (const value of ['-2', '-10']) assert.equal(faults({ [name]: value }, name).length, 1)
    })
  }

  for (const [kind, field] of [
    ['Config', 'configStorage'],
    ['Offset', 'offsetStorage'],
    ['Status', 'statusStorage'],
  ] as const) {
    const prefix = `${kind.toLowerCase()}.storage.`

    test(`shouldAllowSetting${kind}TopicSettings: further keys are settings of the topic`, () => {
      const settings = { foo: 'foo value', bar: 'bar value', 'baz.bim': '100' }
      const props = Object.fromEntries(Object.entries(settings).map(([name, value]) => [prefix + name, value]))
      assert.deepEqual(workerConfig({ ...base, ...props })[field].settings, settings)
    })

    test(`shouldRemoveCompactionFrom${kind}TopicSettings: the cleanup policy is not for the user to set`, () => {
      const config = workerConfig({ ...base, [`${prefix}foo`]: 'x', [`${prefix}cleanup.policy`]: 'something-else' })
      assert.deepEqual(config[field].settings, { foo: 'x' })
    })
  }

  test('testInvalidSecurityProtocol: an unknown protocol is refused by the name of the property', () => {
    assert.match(faults({ 'security.protocol': 'abc' }, 'security.protocol').join(), /security\.protocol/)
  })

  test('testCaseInsensitiveSecurityProtocol: its case does not matter', () => {
    const config = workerConfig({ ...base, 'security.protocol': 'sasl_ssl' })
    assert.equal(config.properties['security.protocol'], 'sasl_ssl')
  })
})

describe('worker properties', () => {
  test('all faults are told at once, each with its property', () => {
    assert.throws(
      () => workerConfig({ ...base, 'session.timeout.ms': 'x', 'topic.creation.enable': 'maybe', 'group.id': 'g' }),
      (error) => {
        assert.ok(error instanceof WorkerConfigError)
        assert.deepEqual(Object.keys(error.errors).toSorted(), ['session.timeout.ms', 'topic.creation.enable'])
        return true
      },
    )
  })

  test('REST settings have their defaults', () => {
    const { rest, listeners } = workerConfig(base)
    assert.deepEqual(listeners, ['http://127.0.0.1:8083'])
    assert.equal(rest.adminListeners, null)
    assert.deepEqual([rest.allowOrigin, rest.allowMethods], ['', ''])
    assert.deepEqual([rest.responseHeaders, rest.extensionClasses], [[], []])
    assert.equal(rest.tls.clientAuth, 'none')
    assert.deepEqual(rest.tls.enabledProtocols, ['TLSv1.2', 'TLSv1.3'])
    assert.equal(rest.tls.keystore.type, 'JKS')
  })

  test('empty admin listeners switch the administration endpoints off', () => {
    assert.deepEqual(workerConfig({ ...base, 'admin.listeners': '' }).rest.adminListeners, [])
  })

  test('listeners may be http and https; others are refused', () => {
    const listeners = 'http://:8083,https://[::1]:8443'
    assert.deepEqual(workerConfig({ ...base, listeners }).listeners, listeners.split(','))
    assert.match(faults({ listeners: 'tcp://x:1' }, 'listeners').join(), /Expected http:\/\/host:port/)
    assert.match(faults({ listeners: '' }, 'listeners').join(), /at least one listener/)
  })

  test('with one prefixed TLS setting only prefixed ones count for that listener', () => {
    const { rest } = workerConfig({
      ...base,
      'ssl.keystore.location': '/shared.p12',
      'ssl.keystore.password': 'shared',
      'listeners.https.ssl.keystore.location': '/own.p12',
    })
    assert.deepEqual([rest.tls.keystore.location, rest.tls.keystore.password], ['/own.p12', null])
    assert.deepEqual([rest.adminTls.keystore.location, rest.adminTls.keystore.password], ['/shared.p12', 'shared'])
    const name = 'listeners.https.ssl.client.auth'
    assert.match(faults({ [name]: 'perhaps' }, name).join(), /String must be one of: required, requested, none/)
  })

  test('response headers are rules, which may hold commas in quotes', () => {
    const rules = 'add X-A:one, "set Cache-Control:no-cache, no-store",setDate Expires:31540000000'
    assert.deepEqual(workerConfig({ ...base, 'response.http.headers.config': rules }).rest.responseHeaders, [
      { action: 'add', name: 'X-A', value: 'one' },
      { action: 'set', name: 'Cache-Control', value: 'no-cache, no-store' },
      { action: 'setDate', name: 'Expires', value: '31540000000' },
    ])
    for (const wrong of ['set', 'badaction X-A:b', 'set X A:b', 'set add X-XSS-Protection:1', 'add X-A:', 'add :b']) {
      assert.equal(faults({ 'response.http.headers.config': wrong }, 'response.http.headers.config').length, 1, wrong)
    }
  })

  test('blanks after a value, as an editor leaves them, do not count', () => {
    const blanks = Object.fromEntries(Object.entries(base).map(([name, value]) => [name, `${value} \t`]))
    const { properties: _given, ...config } = workerConfig(blanks)
    const { properties: _without, ...expected } = workerConfig(base)
    assert.deepEqual(config, expected)
  })
})
