import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { workerConfig, type WorkerConfig } from '../../src/runtime/index.ts'
import { testWorkerProps } from '../support/connect-worker.ts'

const bare = Object.fromEntries(Object.entries(testWorkerProps('localhost:1')).filter(([name]) => name !== 'listeners'))

function made(props: Record<string, string>): WorkerConfig {
  return workerConfig({ ...bare, ...props })
}

function refuses(props: Record<string, string>, name: RegExp): void {
  assert.throws(() => made(props), name, JSON.stringify(props))
}

describe('RestServerConfigTest', () => {
  test('testListenersConfigAllowedValues: one or several addresses', () => {
    assert.deepEqual(made({}).listeners, ['http://127.0.0.1:8083'])
    assert.deepEqual(made({ listeners: 'http://a.b:9999' }).listeners, ['http://a.b:9999'])
    const several = ['http://a.b:9999', 'https://a.b:7812']
    assert.deepEqual(made({ listeners: several.join(', ') }).listeners, several)
  })

  test('testListenersConfigNotAllowedValues: none, or an empty one among them', () => {
    for (const listeners of [
      '',
      ',,,',
      'http://a.b:9999,',
      'http://a.b:9999, ,https://a.b:9999',
      'a.b:9999',
      'ftp://a:1',
    ]) {
      refuses({ listeners }, /listeners/)
    }
  })

  test('testAdminListenersConfigAllowedValues: absent, empty, or some', () => {
    assert.equal(made({}).rest.adminListeners, null)
    assert.deepEqual(made({ 'admin.listeners': '' }).rest.adminListeners, [])
    const several = ['http://a.b:9999', 'https://a.b:7812']
    assert.deepEqual(made({ 'admin.listeners': several.join(', ') }).rest.adminListeners, several)
  })

  test('testAdminListenersNotAllowingEmptyStrings: none may be empty among others', () => {
    refuses({ 'admin.listeners': 'http://a.b:9999,' }, /admin\.listeners/)
  })

  test('testAdminListenersNotAllowingBlankStrings: nor blank', () => {
    refuses({ 'admin.listeners': 'http://a.b:9999, ,https://a.b:9999' }, /admin\.listeners/)
  })

  for (const [title, rules] of [
    ['an action alone', 'set \t'],
    ['a line break in the value', 'set X-A:1\r\nX-B'],
    ['a sign in the name that none may have', 'set X(A):1'],
    ['an unknown action', 'badaction \t X-Frame-Options:DENY'],
    ['two actions', 'set add X-XSS-Protection:1'],
    ['no blank after the action', 'addX-XSS-Protection'],
    ['no action', 'X-XSS-Protection:'],
    ['two actions with blanks', 'add set X-XSS-Protection: 1'],
    ['two names', 'add X-XSS-Protection:1 X-XSS-Protection:1 '],
    ['no value', 'add X-XSS-Protection'],
    ['an empty name in a later rule', 'set X-Frame-Options:DENY, add  :no-cache, no-store, must-revalidate '],
  ] as const) {
    test(`testInvalidHeaderConfigs: ${title}`, () => {
      refuses({ 'response.http.headers.config': rules }, /header/i)
    })
  }

  for (const rule of [
    'add \t Cache-Control: no-cache',
    'add \r X-XSS-Protection: 1; mode=block',
    '\n add Strict-Transport-Security: max-age=31536000; includeSubDomains',
    'AdD \t Strict-Transport-Security : \n   max-age=31536000;  includeSubDomains',
    'Set \t X-Frame-Options: \t Deny\n ',
    'seTDate \t Expires: \r 31540000000',
    'adDdate \n Last-Modified: \t 0',
  ]) {
    test(`testValidHeaderConfigs: ${JSON.stringify(rule)}`, () => {
      const [made0, ...more] = made({ 'response.http.headers.config': rule }).rest.responseHeaders
      assert.equal(more.length, 0)
      assert.match(made0?.name ?? '', /^[A-Za-z-]+$/)
      assert.equal(made0?.value, made0?.value.trim())
    })
  }

  test('testInvalidSslClientAuthConfig: only required, requested and none', () => {
    refuses({ 'ssl.client.auth': 'abc' }, /ssl\.client\.auth/)
    assert.equal(made({ 'ssl.client.auth': 'requested' }).rest.tls.clientAuth, 'requested')
  })
})
