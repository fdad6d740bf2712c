import type { FastifyRequest } from 'fastify'
import type { Herder } from '../../runtime/index.ts'
import { parseSettings, stringMap } from '../bodies.ts'
import { list, ref } from '../openapi/schemas.ts'
import { query } from './requests.ts'
import type { Route } from './route.ts'

/** Everything below `/connector-plugins`. */
export function pluginRoutes(herder: Herder): Route[] {
  return [
    {
      method: 'GET',
      path: '/connector-plugins',
      summary: 'Connectors that can be used; with `?connectorsOnly=false` all plugins.',
      query: {
        connectorsOnly: { description: 'Default true; any word but true is false.', schema: { type: 'boolean' } },
      },
      answers: { 200: list(ref('Plugin')) },
      handle: (request) => {
        const only = query(request).get('connectorsOnly')
        return herder.plugins(only === null || only === '' || only.toLowerCase() === 'true')
      },
    },
    {
      method: 'GET',
      path: '/connector-plugins/:plugin/config',
      summary: "A plugin's own settings.",
      query: {
        version: {
          description: 'Which of several versions: an exact one, a Maven range or `latest`.',
          schema: { type: 'string' },
        },
      },
      answers: { 200: list(ref('ConfigKey')) },
      errors: [400, 404],
      handle: (request) => herder.pluginConfig(pluginOf(request), query(request).get('version')),
    },
    {
      method: 'PUT',
      path: '/connector-plugins/:plugin/config/validate',
      summary: 'Checks a configuration: every setting with its definition, value and errors.',
      body: ref('NewConfig'),
      answers: { 200: ref('Validation') },
      errors: [400],
      handle: (request) =>
        herder.validateConfig(pluginOf(request), stringMap(parseSettings(request.rawBody), 'the configuration')),
    },
  ]
}

function pluginOf(request: FastifyRequest): string {
  return (request.params as { plugin: string }).plugin
}
