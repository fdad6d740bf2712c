import { isRowBatch, type RowBatch, type SourceOffset, type SourcePartition, type SourceTask } from 'millrace/connect'
import { aivenJdbcSource, confluentJdbcSource } from '../../../connectors/postgres/index.ts'

export type Row = Record<string, unknown>

const logger = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

/** Drives the source as a worker does, with the offsets in memory. */
export class SourceRun {
  readonly #config: Record<string, string>
  readonly #plugin: typeof confluentJdbcSource | typeof aivenJdbcSource
  readonly #offsets: Map<string, SourceOffset>
  #abort = new AbortController()
  #tasks: SourceTask[] = []
  readonly rows: Row[] = []
  reconfigurations = 0
  lastBatch: RowBatch | null = null

  constructor(
    config: Record<string, string>,
    offsets = new Map<string, SourceOffset>(),
    dialect: 'confluent' | 'aiven' = 'confluent',
  ) {
    this.#config = config
    this.#offsets = offsets
    this.#plugin = dialect === 'aiven' ? aivenJdbcSource : confluentJdbcSource
  }

  /** The stored offsets, by source partition as JSON. */
  get offsets(): Map<string, SourceOffset> {
    return this.#offsets
  }

  async start(maxTasks = 1): Promise<Record<string, unknown>[]> {
    const plugin = this.#plugin as typeof confluentJdbcSource
    const props = plugin.config.parse(this.#config)
    const { signal } = this.#abort
    const connector = await plugin.startConnector?.(props, {
      connector: 'test',
      config: this.#config,
      logger,
      signal,
      requestTaskReconfiguration: () => this.reconfigurations++,
      raiseError: (error) => {
        throw error
      },
    })
    const configs = [...((await connector?.taskConfigs(maxTasks)) ?? [])]
    await connector?.stop?.()
    for (const [task, config] of configs.entries()) {
      const text = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, String(value)]))
      const offset = (partition: SourcePartition): SourceOffset | null =>
        this.#offsets.get(JSON.stringify(partition)) ?? null
      this.#tasks.push(
        await plugin.startTask(plugin.config.parse(text), {
          connector: 'test',
          task,
          logger,
          config: text,
          signal,
          offset: async (partition) => offset(partition),
          offsets: async (partitions) => partitions.map(offset),
          idle: async () => null,
        }),
      )
    }
    return configs
  }

  /** Polls every task until there are `count` rows in all. */
  async pollUntil(count: number): Promise<Row[]> {
    const deadline = Date.now() + 20_000
    while (this.rows.length < count) {
      if (Date.now() > deadline) throw new Error(`only ${this.rows.length} of ${count} rows came`)
      for (const task of this.#tasks) await this.#pollOnce(task)
    }
    return this.rows
  }

  /** Polls until a whole statement gave nothing. */
  async pollUntilIdle(): Promise<Row[]> {
    for (let empty = 0; empty < this.#tasks.length * 2; ) {
      for (const task of this.#tasks) empty = (await this.#pollOnce(task)) ? 0 : empty + 1
    }
    return this.rows
  }

  stop(): void {
    this.#abort.abort()
    for (const task of this.#tasks) void task.stop?.()
    this.#tasks = []
    this.#abort = new AbortController()
  }

  async #pollOnce(task: SourceTask): Promise<boolean> {
    const batch = await task.poll({ signal: this.#abort.signal })
    if (batch === null) return false
    if (!isRowBatch(batch)) throw new Error('the JDBC source gives row batches')
    this.lastBatch = batch
    for (let row = 0; row < batch.rows; row++) this.rows.push(readRow(batch, row))
    if (batch.sourceOffset) this.#offsets.set(JSON.stringify(batch.sourcePartition), batch.sourceOffset)
    return true
  }
}

/** A row on the ordinary path: an object by field name. */
export function readRow(batch: RowBatch, row: number): Row {
  const { schema, columns } = batch.plan.value
  const values: Row = {}
  for (const [i, field] of (schema.fields ?? []).entries()) {
    const column = columns[i]
    if (column?.kind !== 'cell') continue
    const at = row * batch.cellsPerRow + column.cell
    const start = batch.starts[at] as number
    values[field.name] = start < 0 ? null : column.reader.value(batch.bytes, start, batch.ends[at] as number)
  }
  return values
}

/** A cell as the fast path writes it. */
export function cellJson(batch: RowBatch, row: number, field: string, decimals: 'BASE64' | 'NUMERIC'): string {
  const { schema, columns } = batch.plan.value
  const column = columns[(schema.fields ?? []).findIndex(({ name }) => name === field)]
  if (column?.kind !== 'cell') throw new Error(`no field ${field}`)
  const at = row * batch.cellsPerRow + column.cell
  const start = batch.starts[at] as number
  if (start < 0) return 'null'
  const out = {
    bytes: new Uint8Array(16),
    position: 0,
    reserve(count: number) {
      if (this.bytes.length - this.position >= count) return
      const larger = new Uint8Array(this.position + count + 64)
      larger.set(this.bytes)
      this.bytes = larger
    },
  }
  column.reader.writeJson(out, batch.bytes, start, batch.ends[at] as number, decimals)
  return Buffer.from(out.bytes.subarray(0, out.position)).toString('utf8')
}
