import type { Herder } from '../../runtime/index.ts'
import { ref } from '../openapi/schemas.ts'
import type { RestTimeouts } from '../timeouts.ts'
import type { Route } from './route.ts'

const healthStatus = { healthy: 200, starting: 503, unhealthy: 500 } as const

/** `GET /` and `GET /health`. */
export function rootRoutes(herder: Herder, timeouts: RestTimeouts): Route[] {
  return [
    {
      method: 'GET',
      path: '/',
      summary:
        'The release of Kafka Connect whose API it has, the version of Millrace as the commit, and the id of the Kafka cluster.',
      answers: { 200: ref('ServerInfo') },
      handle: () => herder.serverInfo(),
    },
    {
      method: 'GET',
      path: '/health',
      summary:
        '200 when the worker is well, 503 while it starts, 500 when it does not come through with its work; names running tasks that do not move.',
      answers: { 200: ref('Health'), 500: ref('Health'), 503: ref('Health') },
      ownDeadline: true,
      handle: async (_request, reply) => {
        const health = await herder.health(timeouts.healthMs)
        void reply.code(healthStatus[health.status])
        return health
      },
    },
  ]
}
