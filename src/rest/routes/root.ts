import type { Herder } from '../../runtime/index.ts'
import type { Route } from './route.ts'

const healthStatus = { healthy: 200, starting: 503, unhealthy: 500 } as const

/** `GET /` and `GET /health`. */
export function rootRoutes(herder: Herder): Route[] {
  return [
    { method: 'GET', path: '/', handle: () => herder.serverInfo() },
    {
      method: 'GET',
      path: '/health',
      handle: async (_request, reply) => {
        const health = await herder.health()
        void reply.code(healthStatus[health.status])
        return health
      },
    },
  ]
}
