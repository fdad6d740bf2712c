import {
  ConnectError,
  isConnectError,
  NotFoundError,
  type RowBatch,
  type SourceBatch,
  type SourceTask,
  type SourceTaskContext,
} from 'millrace/connect'
import type { Client } from 'pg'
import { queryColumns, type TableName, tableColumns } from './catalog.ts'
import type { Settings } from './config.ts'
import { connect, destroy, parseAddress } from './connection.ts'
import { postgresError } from './errors.ts'
import { positionOf, QUERY_PARTITION, tablePartitions } from './offsets.ts'
import { CLOCK_STATEMENT, type Position, quoteIdentifier } from './sql.ts'
import { type Shape, shapeOf, type Source, TableReader } from './table-reader.ts'

/** A source with how far it was read and when it is to be read next. */
interface Reading {
  readonly source: Source
  readonly table: TableName | null
  position: Position
  shape: Shape | null
  /** What the shape was made from, to see whether the table changed. */
  columns: string
  /** Milliseconds since the epoch. */
  dueAt: number
}

/** Reads its tables, or its query, in turn: each to the end of what there is, then again after `poll.interval.ms`. */
export class JdbcTask implements SourceTask {
  readonly #settings: Settings
  readonly #context: SourceTaskContext
  readonly #readings: Reading[]
  #client: Client | null = null
  #current: { reading: Reading; reader: TableReader } | null = null

  private constructor(settings: Settings, context: SourceTaskContext, readings: Reading[]) {
    this.#settings = settings
    this.#context = context
    this.#readings = readings
    // One listener for the task: one for each wait would stay with the signal for as long as the task lives.
    context.signal.addEventListener('abort', () => this.#current?.reader.interrupt(), { once: true })
  }

  /** Connects, reads the stored offsets and checks every table, so that what is wrong fails the start. */
  static async start(settings: Settings, context: SourceTaskContext, tables: readonly TableName[]): Promise<JdbcTask> {
    const readings =
      settings.query === '' ? tables.map((table) => tableReading(table, settings)) : [queryReading(settings)]
    const task = new JdbcTask(settings, context, readings)
    try {
      const client = await task.#connected()
      const now =
        settings.mode.startsWith('timestamp') && settings.timestampInitialMs === -1 ? await clock(client) : null
      const start: Position = {
        incrementing: BigInt(settings.incrementingInitial),
        micros: now ?? BigInt(settings.timestampInitialMs) * 1000n,
      }
      for (const reading of readings) {
        const partitions = reading.table ? tablePartitions(reading.table, settings) : [QUERY_PARTITION]
        const stored = settings.mode === 'bulk' ? [] : await context.offsets(partitions)
        reading.position = positionOf(stored.find((offset) => offset !== null) ?? null, start)
        await task.#refreshShape(client, reading)
      }
      return task
    } catch (error) {
      task.stop()
      throw task.#translated(error, 'Starting')
    }
  }

  /** The next batch; answers at once, without a promise, while rows are there. */
  poll(): SourceBatch | null | Promise<SourceBatch | null> {
    const batch = this.#current ? this.#next(this.#current) : null
    return batch ?? this.#waitForBatch()
  }

  stop(): void {
    if (this.#client) destroy(this.#client)
    this.#client = null
    this.#current = null
  }

  async #waitForBatch(): Promise<SourceBatch | null> {
    const { signal } = this.#context
    while (!signal.aborted) {
      if (!this.#current) {
        const due = this.#readings.reduce((first, each) => (each.dueAt < first.dueAt ? each : first))
        const wait = due.dueAt - Date.now()
        if (wait > 0) return this.#context.idle(wait)
        await this.#begin(due)
        continue
      }
      const batch = this.#next(this.#current)
      if (batch) return batch
      // The end of a statement is a pause for breath: the worker gets its turn before the next one.
      if (!this.#current) return null
      await this.#current.reader.ready()
    }
    return null
  }

  #next(current: { reading: Reading; reader: TableReader }): RowBatch | null {
    const { reading, reader } = current
    try {
      const batch = reader.next()
      reading.position = reader.position
      if (batch === null) {
        reading.dueAt = Date.now() + this.#settings.pollIntervalMs
        this.#current = null
      }
      return batch ?? null
    } catch (error) {
      this.stop()
      throw this.#translated(error, `Reading ${reading.source.label}`)
    }
  }

  async #begin(reading: Reading): Promise<void> {
    try {
      const client = await this.#connected()
      await this.#refreshShape(client, reading)
      const shape = reading.shape as Shape
      const until =
        shape.read.timestamps.length > 0
          ? (await clock(client)) - BigInt(this.#settings.timestampDelayMs) * 1000n
          : null
      const { partition } = reading.source
      const reader = new TableReader(client, shape, partition, reading.position, until, this.#settings.maxRows)
      this.#current = { reading, reader }
    } catch (error) {
      if (this.#context.signal.aborted) return
      this.stop()
      throw this.#translated(error, `Reading ${reading.source.label}`)
    }
  }

  async #connected(): Promise<Client> {
    if (this.#client !== null) return this.#client
    const name = `${this.#context.connector}-${this.#context.task}`
    const client = await connect(this.#settings, name, this.#context.signal)
    this.#client = client
    // It may break between two reads, when nothing is told of it.
    client.once('end', () => {
      if (this.#client === client) this.#client = null
    })
    return client
  }

  /** Looks at the columns again before each read, so that a column that was added appears with the next one. */
  async #refreshShape(client: Client, reading: Reading): Promise<void> {
    const { source, table } = reading
    const columns = table
      ? await tableColumns(client, table)
      : await queryColumns(client, stripped(this.#settings.query))
    if (columns.length === 0) throw new NotFoundError(`There is no ${source.label} any more. Check table.whitelist.`)
    const described = JSON.stringify(columns)
    if (reading.columns === described) return
    const shape = shapeOf(source, columns, this.#settings)
    if (shape.dropped.length > 0) {
      this.#context.logger.warn(
        { columns: shape.dropped },
        `Columns of ${source.label} are left out: their types have no Connect type`,
      )
    }
    reading.shape = shape
    reading.columns = described
  }

  #translated(error: unknown, doing: string): ConnectError {
    return isConnectError(error) ? error : postgresError(error, parseAddress(this.#settings), doing)
  }
}

const unread: Pick<Reading, 'position' | 'shape' | 'columns' | 'dueAt'> = {
  position: { incrementing: null, micros: null },
  shape: null,
  columns: '',
  dueAt: 0,
}

function tableReading(table: TableName, settings: Settings): Reading {
  const quote = (name: string): string => quoteIdentifier(name, settings)
  return {
    ...unread,
    table,
    source: {
      label: `table "${table.schema}"."${table.name}"`,
      from: settings.qualifyTables ? `${quote(table.schema)}.${quote(table.name)}` : quote(table.name),
      schemaName: table.name,
      topic: settings.topicPrefix + table.name,
      partition: tablePartitions(table, settings)[0] ?? {},
    },
  }
}

function queryReading(settings: Settings): Reading {
  const from = `(${stripped(settings.query)}) AS "query"`
  return {
    ...unread,
    table: null,
    source: { label: 'the query', from, schemaName: null, topic: settings.topicPrefix, partition: QUERY_PARTITION },
  }
}

function stripped(query: string): string {
  return query.trim().replace(/;+\s*$/, '')
}

async function clock(client: Client): Promise<bigint> {
  const { rows } = await client.query<{ micros: string }>(CLOCK_STATEMENT)
  return BigInt(rows[0]?.micros ?? 0)
}
