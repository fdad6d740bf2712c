import type { Herder } from '../../runtime/index.ts'
import { connectorRoutes } from '../../rest/routes/connectors.ts'
import { metricsPath } from '../../rest/routes/metrics.ts'
import { pluginRoutes } from '../../rest/routes/plugins.ts'
import { rootRoutes } from '../../rest/routes/root.ts'
import { code, page, table } from './markdown.ts'

/** Method and path, as Kafka Connect's documentation writes them, and what the request does. */
const summaries: Readonly<Record<string, string>> = {
  'GET /': 'Version, commit and the id of the Kafka cluster.',
  'GET /health':
    '200 when the worker is well, 503 while it starts, 500 when it does not come through with its work; names running tasks that do not move.',
  'GET /connectors': 'Names of all connectors; with `?expand=info`, `?expand=status` or both more of each.',
  'POST /connectors': 'Creates a connector: `{name, config, initial_state}`.',
  'GET /connectors/{connector}': 'Configuration, type and tasks of a connector.',
  'DELETE /connectors/{connector}': 'Deletes a connector.',
  'GET /connectors/{connector}/config': 'Its configuration.',
  'PUT /connectors/{connector}/config': 'Creates it, or replaces its configuration.',
  'PATCH /connectors/{connector}/config': 'Changes some settings; `null` removes one.',
  'GET /connectors/{connector}/status': 'State of the connector and its tasks, with worker, version and trace.',
  'GET /connectors/{connector}/tasks': 'Configurations of its tasks.',
  'POST /connectors/{connector}/tasks': 'Between workers only, signed: the owner gives the leader task configurations.',
  'PUT /connectors/{connector}/fence': 'Between workers only, signed: fences out older source tasks.',
  'GET /connectors/{connector}/tasks/{task}/status': 'State of one task.',
  'POST /connectors/{connector}/tasks/{task}/restart': 'Restarts one task.',
  'POST /connectors/{connector}/restart':
    'Restarts the connector; `?includeTasks=true` its tasks too, `?onlyFailed=true` only what failed.',
  'GET /connectors/{connector}/offsets': 'Offsets of a source, or of the consumer group of a sink.',
  'PATCH /connectors/{connector}/offsets': 'Alters offsets of a stopped connector.',
  'DELETE /connectors/{connector}/offsets': 'Resets the offsets of a stopped connector.',
  'PUT /connectors/{connector}/pause': 'Pauses the connector and its tasks.',
  'PUT /connectors/{connector}/resume': 'Goes on after a pause or a stop.',
  'PUT /connectors/{connector}/stop': 'Stops it: no tasks are left until it is resumed.',
  'GET /connectors/{connector}/topics': 'Topics that it has used.',
  'PUT /connectors/{connector}/topics/reset': 'Forgets them.',
  'GET /connector-plugins': 'Connectors that can be used; with `?connectorsOnly=false` all plugins.',
  'GET /connector-plugins/{plugin}/config': "A plugin's own settings.",
  'PUT /connector-plugins/{plugin}/config/validate':
    'Checks a configuration: every setting with its definition, value and errors.',
  'GET /metrics': 'Metrics of this worker for Prometheus: [metrics](metrics.md).',
}

/** Every endpoint. Throws for one that nobody described, so that none is forgotten. */
export function restPage(): string {
  // The routes only name the herder's methods; none is called here.
  const herder = {} as Herder
  const routes = [...rootRoutes(herder), ...connectorRoutes(herder), ...pluginRoutes(herder)].map(
    ({ method, path }) => ({ method: method as string, path }),
  )
  routes.push({ method: 'GET', path: metricsPath })
  const rows = routes.map(({ method, path }) => {
    const shown = documentedPath(path)
    const summary = summaries[`${method} ${shown}`]
    if (summary === undefined) throw new Error(`${method} ${shown} has no summary in src/cli/docs/rest-page.ts`)
    return [method, code(shown), summary]
  })
  return page(
    'REST API',
    "Kafka Connect's, on every worker; a request that concerns another worker is passed on to it. Bodies are JSON; an error is " +
      '`{"error_code": 404, "message": "…"}`. Other methods of these paths get 405, and `OPTIONS` lists what there is.',
    table(['method', 'path', 'what it does'], rows),
  )
}

function documentedPath(path: string): string {
  return path
    .replace(':name', '{connector}')
    .replace(/^\/connector-plugins\/:\w+/, '/connector-plugins/{plugin}')
    .replace(/:(\w+)/g, '{$1}')
}
