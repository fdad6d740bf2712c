import { silentLogger } from '../../base/logger.ts'
import { type DocumentedOperation, documentedPath } from '../../rest/openapi/document.ts'
import { routesOf } from '../../rest/routes/index.ts'
import { metricsOperation } from '../../rest/routes/metrics.ts'
import type { Herder } from '../../runtime/index.ts'
import { code, page, plain, section, table } from './markdown.ts'

/** Every endpoint, from the declarations that the OpenAPI document is made of. */
export function restPage(): string {
  // The routes only name the herder's methods; none is called here.
  const routes = routesOf({} as Herder, silentLogger, 'all', true)
  const operations: DocumentedOperation[] = [...routes, metricsOperation]
  const rows = (wanted: boolean): string[][] =>
    operations
      .filter(({ internal = false }) => internal === wanted)
      .map((operation) => [
        operation.method,
        code(documentedPath(operation.path)),
        operation.summary + queryText(operation),
        statuses(operation),
      ])
  const head = ['method', 'path', 'what it does', 'answers with']
  return page(
    'REST API',
    "Kafka Connect's, on every worker; a request that concerns another worker is passed on to it. Bodies are JSON; an error is " +
      '`{"error_code": 404, "message": "…"}`. Other methods of these paths get 405, and `OPTIONS` lists what there is. Schemas of all ' +
      'bodies are in `GET /openapi.json`.',
    table(head, rows(false)),
    section(2, 'Between workers', 'Refused unless another worker of the group signed them.', table(head, rows(true))),
  )
}

function queryText({ query = {}, forwarded }: DocumentedOperation): string {
  const parameters = Object.entries(query).map(([name, { description }]) => `${code(name)}: ${plain(description)}`)
  if (forwarded) parameters.push('`forward`: `false` answers 409 rather than pass it on.')
  return parameters.map((parameter) => `<br>${parameter}`).join('')
}

/** 500 goes without saying. */
function statuses({ answers, errors = [] }: DocumentedOperation): string {
  return [...new Set([...Object.keys(answers), ...errors.map(String)])].toSorted().join(', ')
}
