import assert from 'node:assert/strict'
import dns from 'node:dns/promises'
import { test } from 'node:test'
import { parseListener, unreachableNotice } from '../../src/rest/listeners.ts'
import { addressToBind } from '../../src/rest/server.ts'

test('an address to listen on is split; what is none is refused with the setting', () => {
  assert.deepEqual(parseListener(' HTTPS://[::1]:8443/ ', 'listeners'), {
    text: 'HTTPS://[::1]:8443/',
    scheme: 'https',
    host: '::1',
    port: 8443,
  })
  assert.equal(parseListener('http://:8083', 'listeners').host, '')
  assert.throws(
    () => parseListener('http://localhost', 'listeners'),
    /^.*listeners: http:\/\/localhost is not of the form/,
  )
  assert.throws(
    () => parseListener('http://localhost:99999', 'admin.listeners'),
    /admin\.listeners: http:\/\/localhost:99999 has a port beyond 65535/,
  )
})

test('a worker that others cannot reach is warned, unless all is on this machine', () => {
  const on = (host: string) => [{ scheme: 'http', host, port: 8083 }] as const
  const notice = (url: string, host: string, ...servers: string[]) => unreachableNotice(url, on(host), servers) ?? ''
  const elsewhere = 'kafka-1.example:9092'
  const alone = /listens on the loopback alone\. Set listeners/
  assert.match(notice('http://127.0.0.1:8083/', '127.0.0.1', '127.0.0.1:9092', elsewhere), alone)
  assert.match(notice('http://connect:8083/', '127.0.0.1', elsewhere), alone, 'as in an image without listeners')
  assert.match(
    notice('https://[::1]:8083/', '0.0.0.0', 'PLAINTEXT://10.0.0.1:9092'),
    /tells them https:\/\/\[::1\]:8083\/ as its address\. Set rest\.advertised\.host\.name/,
  )
  assert.equal(notice('http://127.0.0.1:8083/', '127.0.0.1', 'localhost:9092', 'PLAINTEXT://[::1]:9092'), '')
  assert.equal(notice('http://10.0.0.2:8083/', '0.0.0.0', elsewhere), '')
})

test('a name with addresses of both kinds is bound where it has IPv4, and an address where it is', async (t) => {
  assert.equal(await addressToBind('::1'), '::1')
  assert.equal(await addressToBind('127.0.0.2'), '127.0.0.2')
  // As most machines have it in /etc/hosts.
  const both = [
    { address: '::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
  ]
  t.mock.method(dns, 'lookup', async (_host: string, { order }: { order?: string } = {}) =>
    order === 'ipv4first' ? both[1] : both[0],
  )
  assert.equal(await addressToBind('localhost'), '127.0.0.1')
})
