import type { FastifyRequest } from 'fastify'
import type { Herder } from '../../runtime/index.ts'
import type { Route } from './route.ts'
import { parseSettings, stringMap } from '../bodies.ts'

/** Everything below `/connector-plugins`. */
export function pluginRoutes(herder: Herder): Route[] {
  return [
    {
      method: 'GET',
      path: '/connector-plugins',
      handle: (request) => {
        const only = new URL(request.url, 'http://self').searchParams.get('connectorsOnly')
        return herder.plugins(only === null || only === '' || only.toLowerCase() === 'true')
      },
    },
    {
      method: 'GET',
      path: '/connector-plugins/:plugin/config',
      handle: (request) =>
        herder.pluginConfig(pluginOf(request), new URL(request.url, 'http://self').searchParams.get('version')),
    },
    {
      method: 'PUT',
      path: '/connector-plugins/:plugin/config/validate',
      handle: (request) =>
        herder.validateConfig(pluginOf(request), stringMap(parseSettings(request.rawBody), 'the configuration')),
    },
  ]
}

function pluginOf(request: FastifyRequest): string {
  return (request.params as { plugin: string }).plugin
}
