import type { Herder } from '../../runtime/index.ts'
import { ref } from '../openapi/schemas.ts'
import { connectorOf, flag, taskOf } from './requests.ts'
import type { Route } from './route.ts'

/** Restart, pause, resume and stop. */
export function lifecycleRoutes(herder: Herder): Route[] {
  return [
    {
      method: 'POST',
      path: '/connectors/:connector/tasks/:task/restart',
      summary: 'Restarts one task.',
      answers: { 204: null },
      errors: [404, 409],
      forwarded: true,
      handle: async (request, reply) => {
        await herder.restartTask(taskOf(request))
        void reply.code(204)
      },
    },
    {
      method: 'POST',
      path: '/connectors/:connector/restart',
      summary: 'Restarts the connector; `?includeTasks=true` its tasks too, `?onlyFailed=true` only what failed.',
      query: {
        includeTasks: { description: 'Default false.', schema: { type: 'boolean' } },
        onlyFailed: { description: 'Default false.', schema: { type: 'boolean' } },
      },
      answers: { 202: ref('ConnectorStatus'), 204: null },
      errors: [404, 409],
      forwarded: true,
      handle: async (request, reply) => {
        const options = { includeTasks: flag(request, 'includeTasks'), onlyFailed: flag(request, 'onlyFailed') }
        const outlook = await herder.restartConnector(connectorOf(request), options)
        void reply.code(outlook === null ? 204 : 202)
        return outlook ?? undefined
      },
    },
    change('pause', 202, 'Pauses the connector and its tasks.', (name) => herder.pauseConnector(name)),
    change('resume', 202, 'Goes on after a pause or a stop.', (name) => herder.resumeConnector(name)),
    {
      ...change('stop', 204, 'Stops it: no tasks are left until it is resumed.', (name) => herder.stopConnector(name)),
      errors: [404, 409],
      forwarded: true,
    },
  ]
}

function change(action: string, status: number, summary: string, act: (name: string) => Promise<void>): Route {
  return {
    method: 'PUT',
    path: `/connectors/:connector/${action}`,
    summary,
    answers: { [status]: null },
    errors: [404],
    handle: async (request, reply) => {
      await act(connectorOf(request))
      void reply.code(status)
    },
  }
}
