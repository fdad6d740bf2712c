import type { Mode, Settings } from './config.ts'

/** How far a table was read; what the stored offset holds. */
export interface Position {
  /** Largest value of the incrementing column read. */
  readonly incrementing: bigint | null
  /** Latest timestamp read, in microseconds since the epoch. */
  readonly micros: bigint | null
}

/** What a statement reads from and by. */
export interface ReadPlan {
  readonly mode: Mode
  /** `"schema"."table"`, or a query in parentheses with an alias. */
  readonly from: string
  /** Select expressions of the columns, in order. */
  readonly select: readonly string[]
  /** Quoted incrementing column, or null. */
  readonly incrementing: string | null
  /** Quoted timestamp columns; several are coalesced. */
  readonly timestamps: readonly string[]
  /** Whether the timestamp columns carry a zone of their own. */
  readonly timestampsHaveZone: boolean
  readonly timeZone: string
  readonly suffix: string
}

export function quoteIdentifier(name: string, settings: Pick<Settings, 'quoteIdentifiers'>): string {
  return settings.quoteIdentifiers ? `"${name.replaceAll('"', '""')}"` : name
}

export function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`
  return text.includes('\\') ? `E${quoted}` : quoted
}

/** One expression for the timestamp columns. */
function timestampOf(plan: ReadPlan): string {
  return plan.timestamps.length === 1 ? (plan.timestamps[0] as string) : `COALESCE(${plan.timestamps.join(', ')})`
}

/** The timestamp as a count of microseconds: selected beside the columns, so that positions need no parsing. */
function microsOf(plan: ReadPlan): string {
  const instant = plan.timestampsHaveZone
    ? timestampOf(plan)
    : `(${timestampOf(plan)} AT TIME ZONE ${quoteLiteral(plan.timeZone)})`
  return `(EXTRACT(EPOCH FROM ${instant}) * 1000000)::int8`
}

/** A point in time as a literal that compares with the timestamp columns. */
function instantLiteral(plan: ReadPlan, micros: bigint): string {
  const seconds = micros / 1_000_000n
  const rest = micros % 1_000_000n
  const instant = `(TIMESTAMPTZ 'epoch' + INTERVAL '${seconds} seconds ${rest} microseconds')`
  return plan.timestampsHaveZone ? instant : `(${instant} AT TIME ZONE ${quoteLiteral(plan.timeZone)})`
}

/**
 * The `COPY` of everything after `position`. In timestamp modes rows at or after `untilMicros` are left for later, and
 * one more cell, the row's timestamp in microseconds, follows the columns.
 */
export function copyStatement(plan: ReadPlan, position: Position, untilMicros: bigint | null): string {
  const cells = plan.timestamps.length > 0 ? [...plan.select, microsOf(plan)] : plan.select
  const statement = `SELECT ${cells.join(', ')} FROM ${plan.from}${condition(plan, position, untilMicros)}`
  return `COPY (${plan.suffix === '' ? statement : `${statement} ${plan.suffix}`}) TO STDOUT`
}

function condition(plan: ReadPlan, position: Position, untilMicros: bigint | null): string {
  const id = plan.incrementing ?? ''
  switch (plan.mode) {
    case 'bulk':
      return ''
    case 'incrementing':
      return ` WHERE ${id} > ${position.incrementing ?? -1n} ORDER BY ${id} ASC`
    case 'timestamp': {
      const ts = timestampOf(plan)
      return ` WHERE ${ts} > ${instantLiteral(plan, position.micros ?? 0n)} AND ${ts} < ${instantLiteral(plan, untilMicros ?? 0n)} ORDER BY ${ts} ASC`
    }
    case 'timestamp+incrementing': {
      const ts = timestampOf(plan)
      const since = instantLiteral(plan, position.micros ?? 0n)
      const until = instantLiteral(plan, untilMicros ?? 0n)
      return ` WHERE ${ts} < ${until} AND ((${ts} = ${since} AND ${id} > ${position.incrementing ?? -1n}) OR ${ts} > ${since}) ORDER BY ${ts}, ${id} ASC`
    }
  }
}

/** The database's clock in microseconds since the epoch, as one text cell named `micros`. */
export const CLOCK_STATEMENT = 'SELECT (EXTRACT(EPOCH FROM CURRENT_TIMESTAMP) * 1000000)::int8::text AS micros'
