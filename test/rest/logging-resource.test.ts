import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createApp } from '../../src/rest/app.ts'
import { type Herder, NotFoundError } from '../../src/runtime/index.ts'
import { fakeHerder } from '../support/fake-herder.ts'
import { recordingPino } from '../support/recording-pino.ts'

const path = '/admin/loggers/org.apache.kafka.connect'

async function ask(method: 'GET' | 'PUT', url: string, body?: unknown, methods: Partial<Herder> = {}) {
  const herder = fakeHerder(methods)
  const { logger, lines } = recordingPino()
  const app = await createApp({ herder, logger })
  const sent =
    body === undefined ? {} : { payload: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const answer = await app.inject({ method, url, ...sent })
  await app.close()
  const warnings = lines.filter(({ level }) => level === 40)
  return { status: answer.statusCode, text: answer.body, calls: herder.calls, warnings }
}

const setTo = (level: string, query = '', methods: Partial<Herder> = {}) => ask('PUT', path + query, { level }, methods)

describe('LoggingResourceTest', () => {
  test('testGetLevelNotFound: 404', async () => {
    const loggerLevel = () => Promise.reject(new NotFoundError('Logger org.apache.rostropovich not found.'))
    assert.equal((await ask('GET', '/admin/loggers/org.apache.rostropovich', undefined, { loggerLevel })).status, 404)
  })

  test('testGetLevel: the level and when it was changed', async () => {
    const { status, text } = await ask('GET', path, undefined, {
      loggerLevel: async () => ({ level: 'WARN', last_modified: 976 }),
    })
    assert.deepEqual([status, text], [200, '{"level":"WARN","last_modified":976}'])
  })

  for (const query of ['', '?scope=worker', '?scope=cluster', '?scope=N/A']) {
    test(`setLevelWithEmptyArgTest: 400 without a level, for ${query || 'no scope'}`, async () => {
      for (const body of [{}, { level: null }]) {
        const { status, text, calls } = await ask('PUT', path + query, body)
        assert.equal(status, 400)
        assert.match(text, /Desired 'level' parameter was not specified in request/)
        assert.deepEqual(calls, [])
      }
    })

    test(`setLevelWithInvalidArgTest: 404 for a level that is none, for ${query || 'no scope'}`, async () => {
      const setLoggerLevel = () => Promise.reject(new NotFoundError("invalid log level 'HIGH'."))
      assert.equal((await setTo('HIGH', query, { setLoggerLevel })).status, 404)
    })
  }

  const touched = ['org.apache.kafka.connect', 'org.apache.kafka.connect.runtime.distributed.DistributedHerder']
  for (const [title, query, warnings] of [
    ['testSetLevelDefaultScope', '', 0],
    ['testSetLevelWorkerScope', '?scope=worker', 0],
    ['testSetLevelInvalidScope', '?scope=kip-976', 1],
  ] as const) {
    test(`${title}: this worker alone, and ${warnings} warnings`, async () => {
      const setLoggerLevel: Herder['setLoggerLevel'] = async (_name, _level, scope) =>
        scope === 'worker' ? touched : null
      const answer = await setTo('TRACE', query, { setLoggerLevel })
      assert.deepEqual([answer.status, JSON.parse(answer.text)], [200, touched])
      assert.equal(answer.warnings.length, warnings)
    })
  }

  test('testSetLevelClusterScope: 204 without a body', async () => {
    const calls: unknown[] = []
    const setLoggerLevel: Herder['setLoggerLevel'] = async (...args) => {
      calls.push(args)
      return null
    }
    const { status, text } = await setTo('TRACE', '?scope=CLUSTER', { setLoggerLevel })
    assert.deepEqual([status, text], [204, ''])
    assert.deepEqual(calls, [['org.apache.kafka.connect', 'TRACE', 'cluster']])
  })
})
