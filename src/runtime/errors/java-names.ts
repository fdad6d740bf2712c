import { type ConnectErrorKind, isConnectError } from '../../connect/index.ts'

/** From the most special kind to the most general one. */
const names: readonly (readonly [ConnectErrorKind, string])[] = [
  ['ConfigError', 'org.apache.kafka.common.config.ConfigException'],
  ['RetriableError', 'org.apache.kafka.connect.errors.RetriableException'],
  ['DataError', 'org.apache.kafka.connect.errors.DataException'],
  ['NotFoundError', 'org.apache.kafka.connect.errors.NotFoundException'],
  ['IllegalStateError', 'java.lang.IllegalStateException'],
  ['ConnectError', 'org.apache.kafka.connect.errors.ConnectException'],
]

/** The class that Kafka Connect throws where we throw `error`: what readers of dead letters look for. Others keep their name. */
export function javaClassOf(error: unknown): string {
  const found = names.find(([kind]) => isConnectError(error, kind))
  if (found !== undefined) return found[1]
  return error instanceof Error ? error.name : typeof error
}
