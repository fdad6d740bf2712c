import assert from 'node:assert/strict'
import { describe, mock, test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import { ConfigProviders } from '../../../src/runtime/providers/config-providers.ts'
import { ReloadTimers } from '../../../src/runtime/providers/reload-timers.ts'
import type { ProvidedValues } from '../../../src/runtime/task-runner.ts'

const answers: Readonly<Record<string, ProvidedValues>> = {
  testKey: { values: { testKey: 'testResult' }, ttlMs: null },
  testKeyWithTTL: { values: { testKeyWithTTL: 'testResultWithTTL' }, ttlMs: 1 },
  testKeyWithLongerTTL: { values: { testKeyWithLongerTTL: 'testResultWithLongerTTL' }, ttlMs: 10 },
}

/** A provider `test` whose answers depend on the first key that it is asked for. */
function transformer(): ConfigProviders {
  return new ConfigProviders([{ alias: 'test', class: 'test.Provider', params: {} }], silentLogger, async (...args) => {
    const [, , path, keys] = args
    assert.equal(path, 'testPath')
    return answers[keys[0] ?? ''] ?? { values: {}, ttlMs: null }
  })
}

describe('WorkerConfigTransformerTest', () => {
  test('testReplaceVariable: a reference gives way to its value', async () => {
    const { props, ttls } = await transformer().resolveWithTtls({ key: '${test:testPath:testKey}' })
    assert.deepEqual(props, { key: 'testResult' })
    assert.equal(ttls.size, 0)
  })

  test('testReplaceVariableWithTTL: without reloading nothing is restarted when a value expires', async (t) => {
    mock.timers.enable({ apis: ['setTimeout'] })
    t.after(() => mock.timers.reset())
    const raw = { key: '${test:testPath:testKeyWithTTL}', 'config.action.reload': 'none' }
    const { props, ttls } = await transformer().resolveWithTtls(raw)
    assert.equal(props['key'], 'testResultWithTTL')
    const restarted: string[] = []
    new ReloadTimers().schedule('c', props, ttls, () => restarted.push('c'))
    mock.timers.tick(100)
    assert.deepEqual(restarted, [])
  })

  test('testReplaceVariableWithTTLAndScheduleRestart: the connector is restarted when a value expires', async (t) => {
    mock.timers.enable({ apis: ['setTimeout'] })
    t.after(() => mock.timers.reset())
    const { props, ttls } = await transformer().resolveWithTtls({ key: '${test:testPath:testKeyWithTTL}' })
    assert.deepEqual([...ttls], [['test:testPath', 1]])
    const restarted: string[] = []
    new ReloadTimers().schedule('c', props, ttls, () => restarted.push('c'))
    assert.deepEqual(restarted, [])
    mock.timers.tick(1)
    assert.deepEqual(restarted, ['c'])
  })

  test('testReplaceVariableWithTTLFirstCancelThenScheduleRestart: a new time for a path replaces the one before', async (t) => {
    mock.timers.enable({ apis: ['setTimeout'] })
    t.after(() => mock.timers.reset())
    const restarted: string[] = []
    const timers = new ReloadTimers()
    for (const key of ['testKeyWithTTL', 'testKeyWithLongerTTL']) {
      const { props, ttls } = await transformer().resolveWithTtls({ key: `\${test:testPath:${key}}` })
      timers.schedule('c', props, ttls, () => restarted.push('c'))
    }
    mock.timers.tick(9)
    assert.deepEqual(restarted, [])
    mock.timers.tick(1)
    assert.deepEqual(restarted, ['c'])
  })

  test('testTransformNullConfiguration: a key without a value stays without one', async () => {
    const { props } = await transformer().resolveWithTtls({ key: null })
    assert.deepEqual(props, { key: null })
  })
})

test('a path is read once for all its keys', async () => {
  const asked: (readonly string[])[] = []
  const providers = new ConfigProviders([{ alias: 'v', class: 'x.V', params: {} }], silentLogger, async (...args) => {
    asked.push(args[3])
    return { values: Object.fromEntries(args[3].map((key) => [key, key.toUpperCase()])), ttlMs: null }
  })
  assert.deepEqual(await providers.resolve({ one: '${v:p:a}-${v:p:b}', two: '${v:p:a}', three: '${v:c}' }), {
    one: 'A-B',
    two: 'A',
    three: 'C',
  })
  assert.deepEqual(asked, [['a', 'b'], ['c']])
})

test('a connector that is gone is not restarted', (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.after(() => mock.timers.reset())
  const restarted: string[] = []
  const timers = new ReloadTimers()
  timers.schedule('a', {}, new Map([['v:p', 5]]), () => restarted.push('a'))
  timers.schedule('b', {}, new Map([['v:p', 5]]), () => restarted.push('b'))
  timers.cancel('a')
  mock.timers.tick(5)
  assert.deepEqual(restarted, ['b'])
})
