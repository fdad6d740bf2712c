import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../src/base/logger.ts'
import { createApp } from '../../src/rest/app.ts'
import { fakeHerder } from '../support/fake-herder.ts'

/** Whether a page of each origin may call when `access.control.allow.origin` is that. */
async function allowed(allowOrigin: string, origins: readonly string[]): Promise<boolean[]> {
  const rest = { allowOrigin, allowMethods: '', responseHeaders: [] }
  const app = await createApp({ herder: fakeHerder(), logger: silentLogger, rest })
  const answers = await Promise.all(
    origins.map(async (origin) => app.inject({ method: 'GET', url: '/', headers: { origin } })),
  )
  await app.close()
  return answers.map(({ headers }, i) => headers['access-control-allow-origin'] === origins[i])
}

test('an address allows itself and nothing like it; the dots in it are dots', async () => {
  const tried = [
    'http://a.example.com',
    'http://axexample.com',
    'http://a.example.com.evil.org',
    'http://a.example.com:81',
  ]
  assert.deepEqual(await allowed('http://a.example.com', tried), [true, false, false, false])
})

test('a star stands for any text, wherever and however often it stands', async () => {
  const tried = ['https://a.example.com', 'https://a.b.example.com', 'https://example.com', 'https://example.org']
  assert.deepEqual(await allowed('https://*.example.com', tried), [true, true, false, false])
  assert.deepEqual(await allowed('*://*.example.com', tried), [true, true, false, false])
  assert.deepEqual(await allowed('*', tried), [true, true, true, true])
})

test('a regular expression has to fit the whole origin', async () => {
  const tried = ['https://a.example.com', 'https://a.example.com.evil.org', 'http://a.example.com']
  assert.deepEqual(await allowed('https://.*.example.com', tried), [true, false, false])
  assert.deepEqual(await allowed('https?://a\\.example\\.com', tried), [true, false, true])
})

test('an expression that is none is refused with the name of the setting; an endless origin is not looked at', async () => {
  await assert.rejects(
    allowed('https://(a', []),
    /access\.control\.allow\.origin: https:\/\/\(a is no regular expression/,
  )
  assert.deepEqual(await allowed('*', [`http://${'a'.repeat(400)}`]), [false])
})

test('an origin that an expression never comes to an end with is not allowed, and holds up nobody', async () => {
  const began = performance.now()
  assert.deepEqual(await allowed('https://(a+)+b', [`https://${'a'.repeat(60)}!`, 'https://aab']), [false, true])
  assert.ok(performance.now() - began < 10_000)
})
