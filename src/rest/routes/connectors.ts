import type { FastifyRequest } from 'fastify'
import { type ConnectorTaskId, type Herder, NotFoundError, type RequestSignature } from '../../runtime/index.ts'
import type { Route } from './route.ts'
import {
  BodyError,
  createRequest,
  offsetsRequest,
  parseOffsets,
  parseSettings,
  stringMap,
  withName,
} from '../bodies.ts'
import { baseUrl } from '../forwarding.ts'

/** Everything below `/connectors`. */
export function connectorRoutes(herder: Herder): Route[] {
  return [
    { method: 'GET', path: '/connectors', handle: (request) => list(herder, expansions(request)) },
    {
      method: 'POST',
      path: '/connectors',
      handle: async (request, reply) => {
        const { name, config, initialState } = createRequest(parseSettings(request.rawBody))
        const { info } = await herder.putConnector(name, withName(name, config), { allowReplace: false, initialState })
        void reply.code(201).header('location', locationOf(request, name))
        return info
      },
    },
    { method: 'GET', path: '/connectors/:name', handle: (request) => herder.connectorInfo(nameOf(request)) },
    {
      method: 'DELETE',
      path: '/connectors/:name',
      handle: async (request, reply) => {
        await herder.deleteConnector(nameOf(request))
        void reply.code(204)
      },
    },
    { method: 'GET', path: '/connectors/:name/config', handle: (request) => herder.connectorConfig(nameOf(request)) },
    {
      method: 'PUT',
      path: '/connectors/:name/config',
      handle: async (request, reply) => {
        const name = nameOf(request)
        const config = withName(name, stringMap(parseSettings(request.rawBody), 'the configuration'))
        const { created, info } = await herder.putConnector(name, config, { allowReplace: true })
        if (created) void reply.code(201).header('location', locationOf(request, name))
        return info
      },
    },
    {
      method: 'PATCH',
      path: '/connectors/:name/config',
      handle: (request) =>
        herder.patchConnectorConfig(nameOf(request), stringMap(parseSettings(request.rawBody), 'the patch')),
    },
    { method: 'GET', path: '/connectors/:name/status', handle: (request) => herder.connectorStatus(nameOf(request)) },
    { method: 'GET', path: '/connectors/:name/tasks', handle: (request) => herder.taskConfigs(nameOf(request)) },
    {
      method: 'POST',
      path: '/connectors/:name/tasks',
      handle: async (request, reply) => {
        const body = parseSettings(request.rawBody)
        if (!Array.isArray(body))
          throw new BodyError('Cannot deserialize value: an array of task configurations is expected')
        const configs = body.map((config) => stringMap(config, 'a task configuration'))
        await herder.putTaskConfigs(nameOf(request), configs, signatureOf(request, request.rawBody))
        void reply.code(204)
      },
    },
    {
      method: 'PUT',
      path: '/connectors/:name/fence',
      handle: async (request, reply) => {
        await herder.fenceZombies(nameOf(request), signatureOf(request, new Uint8Array(0)))
        void reply.code(204)
      },
    },
    {
      method: 'GET',
      path: '/connectors/:name/tasks/:task/status',
      handle: (request) => herder.taskStatus(taskOf(request)),
    },
    {
      method: 'POST',
      path: '/connectors/:name/tasks/:task/restart',
      handle: async (request, reply) => {
        await herder.restartTask(taskOf(request))
        void reply.code(204)
      },
    },
    {
      method: 'POST',
      path: '/connectors/:name/restart',
      handle: async (request, reply) => {
        const options = { includeTasks: flag(request, 'includeTasks'), onlyFailed: flag(request, 'onlyFailed') }
        const outlook = await herder.restartConnector(nameOf(request), options)
        void reply.code(outlook === null ? 204 : 202)
        return outlook ?? undefined
      },
    },
    ...stateRoutes(herder),
    ...topicRoutes(herder),
    {
      method: 'GET',
      path: '/connectors/:name/offsets',
      handle: async (request) => ({ offsets: await herder.connectorOffsets(nameOf(request)) }),
    },
    {
      method: 'PATCH',
      path: '/connectors/:name/offsets',
      handle: (request) => herder.alterOffsets(nameOf(request), offsetsRequest(parseOffsets(request.rawBody))),
    },
    {
      method: 'DELETE',
      path: '/connectors/:name/offsets',
      handle: (request) => herder.resetOffsets(nameOf(request)),
    },
  ]
}

function signatureOf(request: FastifyRequest, body: Uint8Array): RequestSignature {
  const header = (name: string): string | undefined => [request.headers[name]].flat()[0]
  return {
    signature: header('x-connect-authorization'),
    algorithm: header('x-connect-request-signature-algorithm'),
    body,
  }
}

function stateRoutes(herder: Herder): Route[] {
  const put = (action: string, status: number, change: (name: string) => Promise<void>): Route => ({
    method: 'PUT',
    path: `/connectors/:name/${action}`,
    handle: async (request, reply) => {
      await change(nameOf(request))
      void reply.code(status)
    },
  })
  return [
    put('pause', 202, (name) => herder.pauseConnector(name)),
    put('resume', 202, (name) => herder.resumeConnector(name)),
    put('stop', 204, (name) => herder.stopConnector(name)),
  ]
}

function topicRoutes(herder: Herder): Route[] {
  return [
    {
      method: 'GET',
      path: '/connectors/:name/topics',
      handle: async (request) => {
        const name = nameOf(request)
        return { [name]: { topics: await herder.activeTopics(name) } }
      },
    },
    {
      method: 'PUT',
      path: '/connectors/:name/topics/reset',
      handle: async (request, reply) => {
        await herder.resetActiveTopics(nameOf(request))
        void reply.code(202)
      },
    },
  ]
}

/** Names, or with `expand` an object a connector; one that disappears meanwhile is left out. */
async function list(herder: Herder, expand: readonly string[] | null): Promise<unknown> {
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

function query(request: FastifyRequest): URLSearchParams {
  return new URL(request.url, 'http://self').searchParams
}

function expansions(request: FastifyRequest): string[] | null {
  const params = query(request)
  return params.has('expand') ? params.getAll('expand') : null
}

/** Only `true`, in any case, is true. */
function flag(request: FastifyRequest, name: string): boolean {
  return query(request).get(name)?.toLowerCase() === 'true'
}

function nameOf(request: FastifyRequest): string {
  return (request.params as { name: string }).name
}

function taskOf(request: FastifyRequest): ConnectorTaskId {
  const { name, task } = request.params as { name: string; task: string }
  if (!/^-?\d{1,10}$/.test(task)) throw new NotFoundError('HTTP 404 Not Found')
  return { connector: name, task: Number(task) }
}

function locationOf(request: FastifyRequest, name: string): string {
  return `${baseUrl(request)}connectors/${encodeURIComponent(name)}`
}
