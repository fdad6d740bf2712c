import type { Logger } from '../../base/logger.ts'
import type { Herder } from '../../runtime/index.ts'
import { type DocumentedOperation, openApiDocument } from '../openapi/document.ts'
import { productVersion } from '../version.ts'
import { adminRoutes } from './admin.ts'
import { connectorRoutes } from './connectors.ts'
import { metricsOperation } from './metrics.ts'
import { pluginRoutes } from './plugins.ts'
import { rootRoutes } from './root.ts'
import { restTimeouts, type RestTimeouts } from '../timeouts.ts'
import type { Route } from './route.ts'

/** Which endpoints a listener serves: the administration ones may have listeners of their own. */
export type Resources = 'all' | 'main' | 'admin'

/** The routes of a listener, the last of which describes them all. */
export function routesOf(
  herder: Herder,
  logger: Logger,
  resources: Resources,
  withMetrics: boolean,
  timeouts: RestTimeouts = restTimeouts,
): Route[] {
  const routes = [
    ...(resources === 'admin'
      ? []
      : [...rootRoutes(herder, timeouts), ...connectorRoutes(herder), ...pluginRoutes(herder)]),
    ...(resources === 'main' ? [] : adminRoutes(herder, logger)),
  ]
  const document: Route = {
    method: 'GET',
    path: '/openapi.json',
    summary: 'This document: every endpoint with its parameters, bodies and answers, as OpenAPI 3.1.',
    answers: { 200: { type: 'object' } },
    handle: async () => description,
  }
  const all: DocumentedOperation[] = [...routes, ...(withMetrics ? [metricsOperation] : []), document]
  const description = openApiDocument(all, productVersion())
  return [...routes, document]
}
