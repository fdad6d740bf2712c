import { ConfigError, ConnectError, NotFoundError, RetriableError } from 'millrace/connect'

/** Where and as whom a connection was made, for messages; never the password. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
}

type Kind = 'auth' | 'database' | 'relation' | 'column' | 'permission' | 'retry' | 'query'

/** What an SQLSTATE means to a user of the connector: whole codes first, then classes (their first two characters). */
const sqlStates: Readonly<Record<string, Kind>> = {
  '28P01': 'auth',
  '28000': 'auth',
  '3D000': 'database',
  '42P01': 'relation',
  '3F000': 'relation',
  '42703': 'column',
  '42501': 'permission',
  '08': 'retry',
  '40': 'retry',
  '53': 'retry',
  '55': 'retry',
  '57': 'retry',
  '58': 'retry',
}

/** Network failures of Node.js that may pass. */
const networkCodes = new Set(['ECONNREFUSED', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'])

/** What the driver says, without a code, when connecting takes longer than `connectTimeout`. */
const NOT_CONNECTED_IN_TIME = 'timeout expired'

/** Translates an error of the driver or the server into one that says what to do. */
export function postgresError(error: unknown, at: Endpoint, doing: string): ConnectError {
  const { code, message } = describe(error)
  const where = `${at.host}:${at.port}/${at.database}`
  const said = code === '' ? message : `${message} (${code})`
  const cause = { cause: error }
  switch (sqlStates[code] ?? sqlStates[code.slice(0, 2)]) {
    case 'auth':
      return new ConfigError(
        `PostgreSQL at ${where} refused user "${at.user}": ${said}. Check connection.user and connection.password.`,
        cause,
      )
    case 'database':
      return new NotFoundError(
        `PostgreSQL at ${at.host}:${at.port} has no database "${at.database}": ${said}. Check connection.url.`,
        cause,
      )
    case 'relation':
      return new NotFoundError(`${doing} failed at ${where}: ${said}. Check table.whitelist and query.`, cause)
    case 'column':
      return new NotFoundError(
        `${doing} failed at ${where}: ${said}. Check incrementing.column.name and timestamp.column.name.`,
        cause,
      )
    case 'permission':
      return new ConnectError(`${doing} failed at ${where}: ${said}. Grant SELECT to user "${at.user}".`, cause)
    case 'retry':
      return new RetriableError(`${doing} failed at ${where} and will be tried again: ${said}`, cause)
    default:
      if (isOfBrokenConnection(code, message)) {
        return new RetriableError(
          `${doing} failed: the connection to PostgreSQL at ${where} broke and will be tried again: ${said}. Check that the server runs.`,
          cause,
        )
      }
      if (networkCodes.has(code) || message === NOT_CONNECTED_IN_TIME) {
        return new RetriableError(
          `${doing} failed: cannot reach PostgreSQL at ${where}: ${said}. Check connection.url and that the server runs.`,
          cause,
        )
      }
      if (code === 'ENOTFOUND')
        return new ConfigError(`No host "${at.host}" is known: ${said}. Check connection.url.`, cause)
      return new ConnectError(`${doing} failed at ${where}: ${said}`, cause)
  }
}

/** The driver has no codes for a connection that broke, nor for one that had broken before it was used again. */
function isOfBrokenConnection(code: string, message: string): boolean {
  return (
    code === 'ECONNRESET' ||
    code === 'EPIPE' ||
    message.startsWith('Connection terminated') ||
    message.endsWith('is not queryable')
  )
}

function describe(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: '', message: String(error) }
  const first = error instanceof AggregateError ? (error.errors[0] as Error | undefined) : undefined
  const source = first ?? error
  const code = (source as { code?: unknown }).code
  return { code: typeof code === 'string' ? code : '', message: source.message }
}
