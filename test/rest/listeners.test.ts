import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseListener, unreachableNotice } from '../../src/rest/listeners.ts'

test('an address to listen on is split; what is none is refused with the setting', () => {
  assert.deepEqual(parseListener(' HTTPS://[::1]:8443/ ', 'listeners'), {
    text: 'HTTPS://[::1]:8443/',
    scheme: 'https',
    host: '::1',
    port: 8443,
  })
  assert.equal(parseListener('http://:8083', 'listeners').host, '0.0.0.0')
  assert.throws(
    () => parseListener('http://localhost', 'listeners'),
    /^.*listeners: http:\/\/localhost is not of the form/,
  )
  assert.throws(
    () => parseListener('http://localhost:99999', 'admin.listeners'),
    /admin\.listeners: http:\/\/localhost:99999 has a port beyond 65535/,
  )
})

test('a worker that tells others its loopback address is warned when the brokers are elsewhere', () => {
  const notice = unreachableNotice('http://127.0.0.1:8083/', ['127.0.0.1:9092', 'kafka-1.example:9092']) ?? ''
  assert.match(notice, /http:\/\/127\.0\.0\.1:8083\/ .*Set listeners.*rest\.advertised\.host\.name/)
  assert.notEqual(unreachableNotice('https://[::1]:8083/', ['PLAINTEXT://10.0.0.1:9092']), null)
  assert.equal(unreachableNotice('http://127.0.0.1:8083/', ['localhost:9092', 'PLAINTEXT://[::1]:9092']), null)
  assert.equal(unreachableNotice('http://10.0.0.2:8083/', ['kafka-1.example:9092']), null)
})
