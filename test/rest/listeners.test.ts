import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseListener } from '../../src/rest/listeners.ts'

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
