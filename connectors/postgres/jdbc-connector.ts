import { type ConnectorContext, type ConnectorInstance, NotFoundError, type TaskConfig } from 'millrace/connect'
import type { Client } from 'pg'
import { listTables, queryColumns, type TableName } from './catalog.ts'
import type { Settings } from './config.ts'
import { connect, destroy, parseAddress } from './connection.ts'
import { postgresError } from './errors.ts'

/** The key of a task's configuration that lists its tables. */
export const TABLES_KEY = 'tables'

/** Watches which tables there are and deals them out to tasks; a query is one task. */
export class JdbcConnector implements ConnectorInstance {
  readonly #settings: Settings
  readonly #context: ConnectorContext
  #tables: TableName[]
  readonly #timer: NodeJS.Timeout | null

  private constructor(settings: Settings, context: ConnectorContext, tables: TableName[]) {
    this.#settings = settings
    this.#context = context
    this.#tables = tables
    this.#timer = settings.query === '' ? setInterval(() => void this.#look(), settings.tables.pollIntervalMs) : null
    this.#timer?.unref()
  }

  /** Fails when the database cannot be reached, the query is not valid, or no table matches. */
  static async start(settings: Settings, context: ConnectorContext): Promise<JdbcConnector> {
    const tables = await withClient(settings, context, async (client) => {
      if (settings.query === '') return listTables(client, settings)
      await queryColumns(client, settings.query.trim().replace(/;+\s*$/, ''))
      return []
    })
    if (settings.query === '' && tables.length === 0) throw noTable(settings)
    return new JdbcConnector(settings, context, tables)
  }

  taskConfigs(maxTasks: number): TaskConfig[] {
    if (this.#settings.query !== '') return [{ ...this.#context.config }]
    return dealOut(this.#tables, Math.min(maxTasks, this.#tables.length)).map((tables) => ({
      ...this.#context.config,
      [TABLES_KEY]: formatTables(tables),
    }))
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    try {
      const tables = await withClient(this.#settings, this.#context, (client) => listTables(client, this.#settings))
      if (formatTables(tables) === formatTables(this.#tables)) return
      this.#tables = tables
      this.#context.requestTaskReconfiguration()
    } catch (error) {
      if (!this.#context.signal.aborted)
        this.#context.logger.warn({ error: String(error) }, 'Could not look for new tables; will try again')
    }
  }
}

async function withClient<T>(
  settings: Settings,
  context: ConnectorContext,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await connect(settings, context.connector, context.signal)
  try {
    return await use(client)
  } catch (error) {
    throw postgresError(error, parseAddress(settings), settings.query === '' ? 'Listing tables' : 'Preparing the query')
  } finally {
    destroy(client)
  }
}

function noTable(settings: Settings): NotFoundError {
  const { host, port, database } = parseAddress(settings)
  const wanted =
    settings.tables.include.length > 0
      ? `matches table.whitelist=${settings.tables.include.join(',')}`
      : 'is there to read'
  return new NotFoundError(
    `No table in ${host}:${port}/${database} ${wanted}. Create it, or correct table.whitelist, schema.pattern or connection.url, then restart the connector.`,
  )
}

/** Deals tables out evenly, keeping their order: the first groups get the remainder. */
export function dealOut<T>(items: readonly T[], groups: number): T[][] {
  const dealt: T[][] = []
  let from = 0
  for (let group = 0; group < groups; group++) {
    const size = Math.floor(items.length / groups) + (group < items.length % groups ? 1 : 0)
    dealt.push(items.slice(from, from + size))
    from += size
  }
  return dealt
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** `"database"."schema"."table"`, joined with commas. */
export function formatTables(tables: readonly TableName[]): string {
  return tables.map((table) => [table.database, table.schema, table.name].map(quoted).join('.')).join(',')
}

/** Reads what `formatTables` wrote. */
export function parseTables(text: string): TableName[] {
  const names = [...text.matchAll(/"((?:[^"]|"")*)"/g)].map((match) => (match[1] ?? '').replaceAll('""', '"'))
  const tables: TableName[] = []
  for (let i = 0; i + 2 < names.length; i += 3) {
    tables.push({ database: names[i] ?? '', schema: names[i + 1] ?? '', name: names[i + 2] ?? '' })
  }
  return tables
}
