import { type Herder, NotFoundError } from '../../runtime/index.ts'
import { createRequest, parseSettings, stringMap, withName } from '../bodies.ts'
import { list, ref } from '../openapi/schemas.ts'
import { internalRoutes } from './internal.ts'
import { lifecycleRoutes } from './lifecycle.ts'
import { offsetRoutes } from './offsets.ts'
import { connectorOf, locationOf, query, taskOf } from './requests.ts'
import type { Route } from './route.ts'

/** Everything below `/connectors`. */
export function connectorRoutes(herder: Herder): Route[] {
  return [
    {
      method: 'GET',
      path: '/connectors',
      summary: 'Names of all connectors; with `?expand=info`, `?expand=status` or both more of each.',
      query: {
        expand: {
          description: 'What to give of each connector: an object by name in place of the names.',
          schema: list({ type: 'string', enum: ['info', 'status'] }),
        },
      },
      answers: { 200: { anyOf: [list({ type: 'string' }), ref('ExpandedConnectors')] } },
      handle: (request) => {
        const params = query(request)
        return listed(herder, params.has('expand') ? params.getAll('expand') : null)
      },
    },
    {
      method: 'POST',
      path: '/connectors',
      summary: 'Creates a connector: `{name, config, initial_state}`.',
      body: ref('CreateRequest'),
      answers: { 201: ref('ConnectorInfo') },
      errors: [400, 409],
      forwarded: true,
      handle: async (request, reply) => {
        const { name, config, initialState } = createRequest(parseSettings(request.rawBody))
        const { info } = await herder.putConnector(name, withName(name, config), { allowReplace: false, initialState })
        void reply.code(201).header('location', locationOf(request, name))
        return info
      },
    },
    {
      method: 'GET',
      path: '/connectors/:connector',
      summary: 'Configuration, type and tasks of a connector.',
      answers: { 200: ref('ConnectorInfo') },
      errors: [404, 409],
      handle: (request) => herder.connectorInfo(connectorOf(request)),
    },
    {
      method: 'DELETE',
      path: '/connectors/:connector',
      summary: 'Deletes a connector.',
      answers: { 204: null },
      errors: [404, 409],
      forwarded: true,
      handle: async (request, reply) => {
        await herder.deleteConnector(connectorOf(request))
        void reply.code(204)
      },
    },
    ...configRoutes(herder),
    {
      method: 'GET',
      path: '/connectors/:connector/status',
      summary: 'State of the connector and its tasks, with worker, version and trace.',
      answers: { 200: ref('ConnectorStatus') },
      errors: [404],
      handle: (request) => herder.connectorStatus(connectorOf(request)),
    },
    {
      method: 'GET',
      path: '/connectors/:connector/tasks',
      summary: 'Configurations of its tasks.',
      answers: { 200: list(ref('TaskInfo')) },
      errors: [404, 409],
      handle: (request) => herder.taskConfigs(connectorOf(request)),
    },
    ...internalRoutes(herder),
    {
      method: 'GET',
      path: '/connectors/:connector/tasks/:task/status',
      summary: 'State of one task.',
      answers: { 200: ref('TaskState') },
      errors: [404],
      handle: (request) => herder.taskStatus(taskOf(request)),
    },
    ...lifecycleRoutes(herder),
    ...topicRoutes(herder),
    ...offsetRoutes(herder),
  ]
}

function configRoutes(herder: Herder): Route[] {
  return [
    {
      method: 'GET',
      path: '/connectors/:connector/config',
      summary: 'Its configuration.',
      answers: { 200: ref('Config') },
      errors: [404, 409],
      handle: (request) => herder.connectorConfig(connectorOf(request)),
    },
    {
      method: 'PUT',
      path: '/connectors/:connector/config',
      summary: 'Creates it, or replaces its configuration.',
      body: ref('NewConfig'),
      answers: { 200: ref('ConnectorInfo'), 201: ref('ConnectorInfo') },
      errors: [400, 409],
      forwarded: true,
      handle: async (request, reply) => {
        const name = connectorOf(request)
        const config = withName(name, stringMap(parseSettings(request.rawBody), 'the configuration'))
        const { created, info } = await herder.putConnector(name, config, { allowReplace: true })
        if (created) void reply.code(201).header('location', locationOf(request, name))
        return info
      },
    },
    {
      method: 'PATCH',
      path: '/connectors/:connector/config',
      summary: 'Changes some settings; `null` removes one.',
      body: ref('NewConfig'),
      answers: { 200: ref('ConnectorInfo') },
      errors: [400, 404, 409],
      forwarded: true,
      handle: async (request) => {
        const name = connectorOf(request)
        // A patch of nothing that is not there is a 404 first, as with Kafka Connect.
        if (request.rawBody.length === 0) await herder.connectorConfig(name)
        return herder.patchConnectorConfig(name, stringMap(parseSettings(request.rawBody), 'the patch'))
      },
    },
  ]
}

function topicRoutes(herder: Herder): Route[] {
  return [
    {
      method: 'GET',
      path: '/connectors/:connector/topics',
      summary: 'Topics that it has used.',
      answers: { 200: ref('Topics') },
      errors: [403],
      handle: async (request) => {
        const name = connectorOf(request)
        return { [name]: { topics: await herder.activeTopics(name) } }
      },
    },
    {
      method: 'PUT',
      path: '/connectors/:connector/topics/reset',
      summary: 'Forgets them.',
      answers: { 202: null },
      errors: [403],
      handle: async (request, reply) => {
        await herder.resetActiveTopics(connectorOf(request))
        void reply.code(202)
      },
    },
  ]
}

/** Names, or with `expand` an object a connector; one that disappears meanwhile is left out. */
async function listed(herder: Herder, expand: readonly string[] | null): Promise<unknown> {
  const names = await herder.connectors()
  if (expand === null) return names
  const entries = await Promise.all(
    names.map(async (name) => {
      try {
        const expanded: Record<string, unknown> = {}
        for (const what of expand) {
          if (what === 'status') expanded['status'] = await herder.connectorStatus(name)
          if (what === 'info') expanded['info'] = await herder.connectorInfo(name)
        }
        return [[name, expanded] as const]
      } catch (error) {
        if (error instanceof NotFoundError) return []
        throw error
      }
    }),
  )
  return Object.fromEntries(entries.flat())
}
