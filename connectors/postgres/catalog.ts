import type { Client } from 'pg'
import type { Settings } from './config.ts'

/** A table or view, named as PostgreSQL names it. */
export interface TableName {
  readonly database: string
  readonly schema: string
  readonly name: string
}

/** A column of a table or of a query's result; a domain shows as its base type. */
export interface CatalogColumn {
  readonly name: string
  /** `pg_type.typname`: `int4`, `numeric`, `_text` for an array. */
  readonly type: string
  /** `e` enum, `b` base, `c` composite, `r` range, `m` multirange. */
  readonly kind: string
  /** Type modifier, −1 for none: precision and scale of a numeric, length of a bit string. */
  readonly modifier: number
  readonly notNull: boolean
  /** An identity column, or one whose default takes from a sequence. */
  readonly autoIncrement: boolean
}

const relationKinds: Readonly<Record<string, readonly string[]>> = {
  TABLE: ['r'],
  'PARTITIONED TABLE': ['p'],
  VIEW: ['v'],
  'MATERIALIZED VIEW': ['m'],
  'FOREIGN TABLE': ['f'],
}

/** The tables that the settings choose, in order of schema and name. */
export async function listTables(client: Client, settings: Settings): Promise<TableName[]> {
  const kinds = settings.tables.types.flatMap((type) => relationKinds[type] ?? [])
  const { rows } = await client.query<TableName>(
    `SELECT current_database() AS database, n.nspname AS schema, c.relname AS name
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relkind::text = ANY($1) AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        AND ($2::text IS NULL OR n.nspname LIKE $2) AND ($3::text IS NULL OR current_database() LIKE $3)
      ORDER BY 2, 3`,
    [kinds, settings.schemaPattern, settings.catalogPattern],
  )
  const { include, exclude } = settings.tables
  const named = (table: TableName, list: readonly string[]): boolean => list.some((name) => matches(table, name))
  return rows.filter((table) => (include.length > 0 ? named(table, include) : !named(table, exclude)))
}

/** Whether a name in a list means the table: `table`, `schema.table` or `database.schema.table`, quoted or not. */
export function matches(table: TableName, name: string): boolean {
  const plain = name.replaceAll('"', '')
  return (
    plain === table.name ||
    plain === `${table.schema}.${table.name}` ||
    plain === `${table.database}.${table.schema}.${table.name}`
  )
}

interface RelationColumn {
  name: string
  type: number
  modifier: number
  notNull: boolean
  autoIncrement: boolean
}

/** The columns of a table in their order, or none when there is no such table any more. */
export async function tableColumns(
  client: Client,
  table: Pick<TableName, 'schema' | 'name'>,
): Promise<CatalogColumn[]> {
  const { rows } = await client.query<RelationColumn>(
    `SELECT a.attname AS name, a.atttypid::int8::float8 AS type, a.atttypmod AS modifier, a.attnotnull AS "notNull",
            a.attidentity <> '' OR coalesce(pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false) AS "autoIncrement"
       FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped
      ORDER BY a.attnum`,
    [table.schema, table.name],
  )
  return resolveTypes(client, rows)
}

/** The columns of a query's result. Which may be null is known for those that come straight from a table. */
export async function queryColumns(client: Client, query: string): Promise<CatalogColumn[]> {
  const { fields } = await client.query(`SELECT * FROM (${query}) AS q LIMIT 0`)
  const { rows: notNull } = await client.query<{ key: string }>(
    `SELECT attrelid::text || '.' || attnum AS key FROM pg_attribute
      WHERE attnotnull AND attrelid::text || '.' || attnum = ANY($1)`,
    [fields.map((field) => `${field.tableID}.${field.columnID}`)],
  )
  const known = new Set(notNull.map((row) => row.key))
  return resolveTypes(
    client,
    fields.map((field) => ({
      name: field.name,
      type: field.dataTypeID,
      modifier: field.dataTypeModifier,
      notNull: known.has(`${field.tableID}.${field.columnID}`),
      autoIncrement: false,
    })),
  )
}

/** Follows domains down to their base types. */
async function resolveTypes(client: Client, columns: readonly RelationColumn[]): Promise<CatalogColumn[]> {
  const { rows } = await client.query<{
    domain: number
    type: string
    kind: string
    modifier: number
    notNull: boolean
  }>(
    `WITH RECURSIVE chain AS (
       SELECT oid AS domain, oid, typname, typtype, typbasetype, typtypmod, typnotnull FROM pg_type WHERE oid = ANY($1::oid[])
       UNION ALL
       SELECT c.domain, t.oid, t.typname, t.typtype, t.typbasetype,
              CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE c.typtypmod END, c.typnotnull OR t.typnotnull
         FROM chain c JOIN pg_type t ON t.oid = c.typbasetype WHERE c.typtype = 'd')
     SELECT domain::int8::float8 AS domain, typname AS type, typtype AS kind, typtypmod AS modifier, typnotnull AS "notNull"
       FROM chain WHERE typtype <> 'd'`,
    [columns.map((column) => column.type)],
  )
  const types = new Map(rows.map((row) => [row.domain, row]))
  return columns.flatMap((column) => {
    const type = types.get(column.type)
    if (!type) return []
    return {
      name: column.name,
      type: type.type,
      kind: type.kind,
      modifier: column.modifier >= 0 ? column.modifier : type.modifier,
      notNull: column.notNull || type.notNull,
      autoIncrement: column.autoIncrement,
    }
  })
}
