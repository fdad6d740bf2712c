import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../src/base/logger.ts'
import { createRestServer } from '../../src/rest/server.ts'
import { fakeHerder } from '../support/fake-herder.ts'
import { sendMalformed } from '../support/send-malformed.ts'

const CALLS = 3_000

test(`${CALLS} malformed calls are all answered, with 500 only where Kafka Connect says 500`, async (t) => {
  const seed = Number(process.env['MALFORMED_SEED'] ?? Date.now() >>> 0)
  t.diagnostic(`MALFORMED_SEED=${seed}`)
  const server = await createRestServer({
    herder: fakeHerder(),
    logger: silentLogger,
    listeners: ['http://127.0.0.1:0'],
  })
  try {
    const [url = ''] = server.urls
    const { statuses, faults } = await sendMalformed({ url, calls: CALLS, seed })
    assert.deepEqual(faults.slice(0, 5), [], `seed ${seed}`)
    assert.equal(
      [...statuses.values()].reduce((sum, count) => sum + count, 0),
      CALLS,
    )
    for (const status of [200, 400, 404, 405, 406, 415, 500]) assert.ok(statuses.has(status), `no ${status} came`)
    const alive = await fetch(`${url}connectors`)
    assert.deepEqual(await alive.json(), ['a', 'b'])
  } finally {
    await server.close()
  }
})
