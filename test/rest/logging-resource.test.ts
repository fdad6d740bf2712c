import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Logger } from '../../src/base/logger.ts'
import { RecordingLogger } from '../../src/connect/testing/recording-logger.ts'
import { createApp } from '../../src/rest/app.ts'
import { type Herder, NotFoundError } from '../../src/runtime/index.ts'
import { fakeHerder } from '../support/fake-herder.ts'

interface Asked {
  readonly status: number
  readonly body: unknown
  readonly calls: readonly [string, ...unknown[]][]
  readonly warnings: number
}

async function ask(method: 'GET' | 'PUT', url: string, body?: object, overrides: Partial<Herder> = {}): Promise<Asked> {
  const herder = fakeHerder(overrides)
  const logger = new RecordingLogger()
  const app = await createApp({ herder, logger: logger as unknown as Logger })
  try {
    const headers = { 'content-type': 'application/json' }
    const answer = await app.inject({
      method,
      url,
      ...(body === undefined ? {} : { payload: JSON.stringify(body), headers }),
    })
    return {
      status: answer.statusCode,
      body: answer.body === '' ? undefined : answer.json(),
      calls: herder.calls,
      warnings: logger.lines.filter(({ level }) => level === 'warn').length,
    }
  } finally {
    await app.close()
  }
}

const scopes = ['?scope=worker', '?scope=cluster', '?scope=N/A', '']
const logger = 'org.apache.kafka.connect'
const changed = [logger, 'org.apache.kafka.connect.runtime.distributed.DistributedHerder']

describe('LoggingResourceTest', () => {
  test('testGetLevelNotFound: a logger that is not known is 404', async () => {
    const { status } = await ask('GET', '/admin/loggers/org.apache.rostropovich', undefined, {
      loggerLevel: () => Promise.reject(new NotFoundError('Logger org.apache.rostropovich not found.')),
    })
    assert.equal(status, 404)
  })

  test('testGetLevel: a logger has its level and when it was changed', async () => {
    const level = { level: 'WARN', last_modified: 976 }
    const { status, body } = await ask('GET', '/admin/loggers/org.apache.kafka.producer', undefined, {
      loggerLevel: async () => level,
    })
    assert.deepEqual([status, body], [200, level])
  })

  test('setLevelWithEmptyArgTest: a request without a level is 400 in any scope', async () => {
    for (const scope of scopes) {
      const { status, calls } = await ask('PUT', `/admin/loggers/@root${scope}`, {})
      assert.equal(status, 400, scope)
      assert.deepEqual(calls, [])
    }
  })

  test('setLevelWithInvalidArgTest: a level that there is not is 404 in any scope', async () => {
    for (const scope of scopes) {
      const { status } = await ask(
        'PUT',
        `/admin/loggers/@root${scope}`,
        { level: 'HIGH' },
        {
          setLoggerLevel: () => Promise.reject(new NotFoundError('invalid log level')),
        },
      )
      assert.equal(status, 404, scope)
    }
  })

  // Kafka Connect warns for no scope too, where nothing is wrong: the scope has a default.
  for (const [name, query, warnings] of [
    ['testSetLevelDefaultScope', '', 0],
    ['testSetLevelInvalidScope', '?scope=kip-976', 1],
    ['testSetLevelWorkerScope', '?scope=worker', 0],
  ] as const) {
    test(`${name}: the level is set on this worker, and the loggers that changed are given`, async () => {
      const asked: unknown[] = []
      const answer = await ask(
        'PUT',
        `/admin/loggers/${logger}${query}`,
        { level: 'TRACE' },
        {
          setLoggerLevel: async (...args) => {
            asked.push(args)
            return changed
          },
        },
      )
      assert.deepEqual([answer.status, answer.body, answer.warnings], [200, changed, warnings])
      assert.deepEqual(asked, [[logger, 'TRACE', 'worker']])
    })
  }

  test('testSetLevelClusterScope: the level is set in the cluster, and the answer is empty', async () => {
    const asked: unknown[] = []
    const answer = await ask(
      'PUT',
      `/admin/loggers/${logger}?scope=cluster`,
      { level: 'TRACE' },
      {
        setLoggerLevel: async (...args) => {
          asked.push(args)
          return null
        },
      },
    )
    assert.deepEqual([answer.status, answer.body], [204, undefined])
    assert.deepEqual(asked, [[logger, 'TRACE', 'cluster']])
  })
})
