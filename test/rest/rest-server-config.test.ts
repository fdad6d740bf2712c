import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { workerConfig, type WorkerConfig } from '../../src/runtime/index.ts'
import { responseHeaderRules } from '../../src/runtime/worker-config/rest-keys.ts'
import { testWorkerProps } from '../support/connect-worker.ts'

const defaults = testWorkerProps('127.0.0.1:9092')
delete defaults['listeners']
const configOf = (given: Record<string, string>): WorkerConfig => workerConfig({ ...defaults, ...given })
const isRefused = (given: Record<string, string>, named: RegExp): void => assert.throws(() => configOf(given), named)

const validRules = [
  'add \t Cache-Control: no-cache, no-store, must-revalidate',
  'add \r X-XSS-Protection: 1; mode=block',
  '\n add Strict-Transport-Security: max-age=31536000; includeSubDomains',
  'AdD   Strict-Transport-Security:  \r  max-age=31536000;  includeSubDomains',
  'AdD \t Strict-Transport-Security : \n   max-age=31536000;  includeSubDomains',
  'add X-Content-Type-Options: \r nosniff',
  'Set \t X-Frame-Options: \t Deny\n ',
  'seT \t X-Cache-Info: \t not cacheable\n ',
  'seTDate \t Expires: \r 31540000000',
  'adDdate \n Last-Modified: \t 0',
]
const invalidRules = [
  'set \t',
  'badaction \t X-Frame-Options:DENY',
  'set add X-XSS-Protection:1',
  'addX-XSS-Protection',
  'X-XSS-Protection:',
  'add set X-XSS-Protection: 1',
  'add X-XSS-Protection:1 X-XSS-Protection:1 ',
  'add X-XSS-Protection',
  'set X-Frame-Options:DENY, add  :no-cache, no-store, must-revalidate ',
]

describe('RestServerConfigTest', () => {
  test('testListenersConfigAllowedValues: none means port 8083 of every address that is ours, else what is listed', () => {
    assert.equal(configOf({}).listeners.length, 1)
    assert.match(configOf({}).listeners[0] ?? '', /^http:\/\/.*:8083$/)
    assert.deepEqual(configOf({ listeners: 'http://a.b:9999' }).listeners, ['http://a.b:9999'])
    const two = 'http://a.b:9999, https://a.b:7812'
    assert.deepEqual(configOf({ listeners: two }).listeners, ['http://a.b:9999', 'https://a.b:7812'])
  })

  test('testListenersConfigNotAllowedValues: no listener at all, and empty entries, are refused', () => {
    for (const listeners of ['', ',,,', 'http://a.b:9999,', 'http://a.b:9999, ,https://a.b:9999']) {
      isRefused({ listeners }, /listeners/)
    }
  })

  test('testAdminListenersConfigAllowedValues: none are shared, empty switches off, else what is listed', () => {
    assert.equal(configOf({}).rest.adminListeners, null)
    assert.deepEqual(configOf({ 'admin.listeners': '' }).rest.adminListeners, [])
    const two = 'http://a.b:9999, https://a.b:7812'
    assert.deepEqual(configOf({ 'admin.listeners': two }).rest.adminListeners, ['http://a.b:9999', 'https://a.b:7812'])
  })

  test('testAdminListenersNotAllowingEmptyStrings: an empty entry beside others is refused', () => {
    isRefused({ 'admin.listeners': 'http://a.b:9999,' }, /admin\.listeners/)
  })

  test('testAdminListenersNotAllowingBlankStrings: a blank entry beside others is refused', () => {
    isRefused({ 'admin.listeners': 'http://a.b:9999, ,https://a.b:9999' }, /admin\.listeners/)
  })

  test('testInvalidHeaderConfigs: each rule that is none is refused', () => {
    for (const rule of invalidRules) {
      assert.equal(typeof responseHeaderRules(rule), 'string', JSON.stringify(rule))
      isRefused({ 'response.http.headers.config': rule }, /response\.http\.headers\.config|header/)
    }
  })

  test('testValidHeaderConfigs: each rule is taken, with any blanks and case', () => {
    for (const rule of validRules) {
      const rules = responseHeaderRules(`"${rule}"`)
      assert.ok(Array.isArray(rules) && rules.length === 1, `${JSON.stringify(rule)}: ${JSON.stringify(rules)}`)
    }
  })

  test('testInvalidSslClientAuthConfig: another word than required, requested and none is refused', () => {
    isRefused({ 'ssl.client.auth': 'abc' }, /ssl\.client\.auth/)
  })
})
