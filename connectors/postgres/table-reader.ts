import { ConfigError, type RowBatch, type RowPlan, type SourcePartition, struct } from 'millrace/connect'
import type { Client } from 'pg'
import type { CatalogColumn } from './catalog.ts'
import { asciiText } from './cells/ascii.ts'
import { mapColumn, planColumns } from './columns.ts'
import type { Settings } from './config.ts'
import { offsetOf } from './offsets.ts'
import { copyStatement, type Position, quoteIdentifier, type ReadPlan } from './sql.ts'
import { CopyOut } from './wire/copy-out.ts'
import { CopyRows } from './wire/copy-rows.ts'

/** A table or query with the shape that it has now. The plan object lives as long as the shape. */
export interface Shape {
  readonly read: ReadPlan
  readonly plan: RowPlan
  /** Which cell holds the incrementing column, or −1. */
  readonly incrementingCell: number
  readonly cellsPerRow: number
  /** Names of columns whose types the connector leaves out. */
  readonly dropped: readonly string[]
}

/** What a shape is made for. */
export interface Source {
  /** For messages: `table "public"."orders"` or `the query`. */
  readonly label: string
  /** `"schema"."table"`, or the query in parentheses with an alias. */
  readonly from: string
  /** Name of the value schema; null for a query. */
  readonly schemaName: string | null
  readonly topic: string
  readonly partition: SourcePartition
}

/** Makes the shape of a source, or says which column is missing or unfit for the mode. */
export function shapeOf(source: Source, columns: readonly CatalogColumn[], settings: Settings): Shape {
  const find = (name: string, key: string): CatalogColumn => {
    const column =
      columns.find((candidate) => candidate.name === name) ??
      columns.find((candidate) => candidate.name.toLowerCase() === name.toLowerCase())
    if (!column)
      throw unfit(
        key,
        `${source.label} has no column "${name}". Its columns are: ${columns.map((each) => each.name).join(', ')}`,
      )
    if (settings.validateNonNull && !column.notNull) {
      throw unfit(
        key,
        `Column "${column.name}" of ${source.label} may be null, and rows with a null there would never be read: make it NOT NULL, or set validate.non.null=false`,
      )
    }
    return column
  }
  const usesId = settings.mode.endsWith('incrementing')
  const id = usesId
    ? find(settings.incrementingColumn || autoIncrementing(source, columns), 'incrementing.column.name')
    : null
  if (id && !/^(int[248]|oid|numeric)$/.test(id.type)) {
    throw unfit(
      'incrementing.column.name',
      `Column "${id.name}" of ${source.label} is of type ${id.type}: an incrementing column must be an integer`,
    )
  }
  const timestamps = settings.mode.startsWith('timestamp')
    ? settings.timestampColumns.map((name) => find(name, 'timestamp.column.name'))
    : []
  const odd = timestamps.find((column) => !/^timestamp(tz)?$/.test(column.type) || column.type !== timestamps[0]?.type)
  if (odd) {
    throw unfit(
      'timestamp.column.name',
      `Column "${odd.name}" of ${source.label} is of type ${odd.type}: timestamp columns must be timestamp or timestamptz, all alike`,
    )
  }
  const mapped = columns.flatMap((column) => mapColumn(column, settings) ?? [])
  const quote = (name: string): string => quoteIdentifier(name, settings)
  return {
    read: {
      mode: settings.mode,
      from: source.from,
      select: mapped.map((column) => column.select(quote(column.name))),
      incrementing: id ? quote(id.name) : null,
      timestamps: timestamps.map((column) => quote(column.name)),
      timestampsHaveZone: timestamps[0]?.type === 'timestamptz',
      timeZone: settings.timeZone,
      suffix: settings.querySuffix,
    },
    plan: {
      topic: source.topic,
      kafkaPartition: null,
      key: null,
      value: {
        schema: struct(
          mapped.map(({ name, schema }) => ({ name, schema })),
          source.schemaName === null ? {} : { name: source.schemaName },
        ),
        columns: planColumns(mapped),
      },
      timestamp: null,
    },
    incrementingCell: id ? mapped.findIndex((column) => column.name === id.name) : -1,
    cellsPerRow: mapped.length + (timestamps.length > 0 ? 1 : 0),
    dropped: columns
      .filter((column) => !mapped.some((each) => each.name === column.name))
      .map((column) => `${column.name} (${column.type})`),
  }
}

function autoIncrementing(source: Source, columns: readonly CatalogColumn[]): string {
  const column = columns.find((candidate) => candidate.autoIncrement)
  if (column) return column.name
  throw unfit(
    'incrementing.column.name',
    `${source.label} has no identity or serial column: name the column that grows in incrementing.column.name`,
  )
}

function unfit(key: string, message: string): ConfigError {
  return new ConfigError(message, { errors: { [key]: [message] } })
}

/** A chunk of rows with their cells found; `next` is the first row that was not given yet. */
interface Loaded {
  readonly rows: CopyRows
  readonly bytes: Uint8Array
  next: number
}

/** One run of a source's statement: gives its rows batch by batch, each with the offset to resume after. */
export class TableReader {
  readonly #shape: Shape
  readonly #partition: SourcePartition
  readonly #maxRows: number
  readonly #copy: CopyOut
  /** Two sets of arrays, since in timestamp mode a chunk is looked into before the one before it was given. */
  readonly #pool: readonly [CopyRows, CopyRows]
  #position: Position
  #current: Loaded | null = null
  #following: Loaded | null = null

  /** Starts reading after `position`. `untilMicros` bounds the timestamp modes. */
  constructor(
    client: Client,
    shape: Shape,
    partition: SourcePartition,
    position: Position,
    untilMicros: bigint | null,
    maxRows: number,
  ) {
    this.#shape = shape
    this.#partition = partition
    this.#position = position
    this.#maxRows = maxRows
    this.#pool = [new CopyRows(shape.cellsPerRow), new CopyRows(shape.cellsPerRow)]
    this.#copy = CopyOut.start(client, copyStatement(shape.read, position, untilMicros))
  }

  /** How far the batches given so far go. */
  get position(): Position {
    return this.#position
  }

  /** Resolves when `next` has something to say. */
  ready(): Promise<void> {
    return this.#copy.ready()
  }

  /** Ends the wait for {@link ready}, although there is nothing to say. */
  interrupt(): void {
    this.#copy.interrupt()
  }

  /** The next batch, null at the end of the statement, or undefined when one must wait with `ready`. Throws the server's error. */
  next(): RowBatch | null | undefined {
    if (!this.#current || this.#current.next === this.#current.rows.rows) {
      const loaded = this.#following ?? this.#load()
      if (!loaded) return loaded
      this.#current = loaded
      this.#following = null
    }
    const { rows, bytes, next: from } = this.#current
    const to = Math.min(rows.rows, from + this.#maxRows)
    let following: number | null = null
    if (this.#shape.read.mode === 'timestamp') {
      // Which timestamps are complete shows only in the row that follows, so that one is looked for first.
      if (to < rows.rows) {
        following = this.#micros(rows, bytes, to)
      } else {
        const loaded = this.#following ?? this.#load()
        if (loaded === undefined) return undefined
        this.#following = loaded
        following = loaded ? this.#micros(loaded.rows, loaded.bytes, 0) : null
      }
    }
    this.#current.next = to
    this.#advance(rows, bytes, from, to, following)
    return this.#batch(rows, bytes, from, to)
  }

  #load(): Loaded | null | undefined {
    const chunk = this.#copy.take()
    if (!chunk) return chunk
    const rows = this.#current?.rows === this.#pool[0] ? this.#pool[1] : this.#pool[0]
    rows.tokenize(chunk)
    return { rows, bytes: chunk.bytes, next: 0 }
  }

  #batch(rows: CopyRows, bytes: Uint8Array, from: number, to: number): RowBatch {
    const perRow = this.#shape.cellsPerRow
    return {
      plan: this.#shape.plan,
      bytes,
      starts: rows.starts.subarray(from * perRow, to * perRow),
      ends: rows.ends.subarray(from * perRow, to * perRow),
      rows: to - from,
      cellsPerRow: perRow,
      sourcePartition: this.#partition,
      sourceOffset: offsetOf(this.#position, this.#shape.read.mode),
    }
  }

  /**
   * Moves the position over rows `from` to `to`. In timestamp mode it stops before the last timestamp unless a later
   * one follows (`following`), or nothing does: rows of one timestamp must not be torn apart by a restart.
   */
  #advance(rows: CopyRows, bytes: Uint8Array, from: number, to: number, following: number | null): void {
    const { mode } = this.#shape.read
    if (mode === 'bulk') return
    if (mode === 'incrementing') {
      this.#position = { incrementing: this.#incrementing(rows, bytes, to - 1), micros: null }
      return
    }
    const last = this.#micros(rows, bytes, to - 1)
    if (mode === 'timestamp+incrementing') {
      this.#position = { incrementing: this.#incrementing(rows, bytes, to - 1), micros: BigInt(last) }
      return
    }
    let row = to - 1
    if (following !== null && following === last) {
      while (row >= from && this.#micros(rows, bytes, row) === last) row--
    }
    if (row >= from) this.#position = { incrementing: null, micros: BigInt(this.#micros(rows, bytes, row)) }
  }

  #incrementing(rows: CopyRows, bytes: Uint8Array, row: number): bigint {
    const cell = row * this.#shape.cellsPerRow + this.#shape.incrementingCell
    return BigInt(asciiText(bytes, rows.starts[cell] as number, rows.ends[cell] as number).replace(/\..*$/, ''))
  }

  /** The hidden last cell: microseconds since the epoch, within the safe integers until the year 2255. */
  #micros(rows: CopyRows, bytes: Uint8Array, row: number): number {
    const cell = (row + 1) * this.#shape.cellsPerRow - 1
    return Number(asciiText(bytes, rows.starts[cell] as number, rows.ends[cell] as number))
  }
}
