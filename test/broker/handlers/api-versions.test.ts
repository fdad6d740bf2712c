import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { apis, ApiVersions } from '../../../src/protocol/messages/index.ts'
import { startTestBroker, type TestBroker } from '../../support/broker.ts'
import { WireClient } from '../../support/wire-client.ts'

let broker: TestBroker
let client: WireClient
before(async () => {
  broker = await startTestBroker()
  client = await WireClient.connect(broker.port)
})
after(async () => {
  client.close()
  await broker.close()
})

const software = { clientSoftwareName: 'test', clientSoftwareVersion: '1.0' }

test('every version of ApiVersions lists the same APIs, in the order of their keys', async () => {
  const answers = []
  for (let version = 0; version <= 4; version++)
    answers.push((await client.send(ApiVersions, version, software)).apiKeys)
  for (const answer of answers) assert.deepEqual(answer, answers[0])
  const keys = answers[0]?.map(({ apiKey }) => apiKey) ?? []
  assert.deepEqual(
    keys,
    [...keys].sort((a, b) => a - b),
  )
})

test('what is offered lies within what the codec knows, except Produce 0 to 2, which old librdkafka looks for', async () => {
  const { apiKeys } = await client.send(ApiVersions, 3, software)
  for (const { apiKey, minVersion, maxVersion } of apiKeys) {
    const api = apis.get(apiKey)
    assert.ok(api !== undefined && maxVersion <= api.maxVersion, `key ${apiKey}`)
    if (apiKey === 0) assert.equal(minVersion, 0)
    else assert.ok(minVersion >= api.minVersion, `key ${apiKey}`)
  }
})

test('transactions, access control and SASL are not offered', async () => {
  const offered = new Set((await client.send(ApiVersions, 3, software)).apiKeys.map(({ apiKey }) => apiKey))
  for (const key of [17, 24, 25, 26, 27, 28, 29, 30, 31, 36, 65, 66, 68])
    assert.equal(offered.has(key), false, `${key}`)
})

test('a version that is too new is answered in version 0 with our own range, and the connection goes on', async () => {
  // Version 99 with bytes that no version can read: the body must not be looked at.
  const frame = Buffer.from('0000000f' + '0012' + '0063' + '00000309' + '0001' + '78' + 'ffffffff', 'hex')
  client.socket.write(frame)
  const { errorCode, apiKeys } = await client.answer(ApiVersions, 0, 0x309)
  assert.equal(errorCode, ErrorCode.UNSUPPORTED_VERSION)
  assert.deepEqual(apiKeys, [{ apiKey: 18, minVersion: 0, maxVersion: 4 }])
  assert.equal((await client.send(ApiVersions, 0, {})).errorCode, ErrorCode.NONE)
})

test('a software name with strange characters is refused', async () => {
  const { errorCode, apiKeys } = await client.send(ApiVersions, 3, { ...software, clientSoftwareName: '-x ' })
  assert.equal(errorCode, ErrorCode.INVALID_REQUEST)
  assert.deepEqual(apiKeys, [])
})
