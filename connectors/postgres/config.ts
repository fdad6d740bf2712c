import { type ConfigDeclaration, config, type ConfigValueErrors, list, long, password, Type } from 'millrace/connect'

const MODES = ['bulk', 'incrementing', 'timestamp', 'timestamp+incrementing'] as const
export type Mode = (typeof MODES)[number]

const NUMERIC_MAPPINGS = ['none', 'precision_only', 'best_fit', 'best_fit_eager_double'] as const
export type NumericMapping = (typeof NUMERIC_MAPPINGS)[number]

const GRANULARITIES = [
  'connect_logical',
  'micros_long',
  'micros_string',
  'micros_iso_datetime_string',
  'nanos_long',
  'nanos_string',
  'nanos_iso_datetime_string',
] as const
export type TimestampGranularity = (typeof GRANULARITIES)[number]

const common = {
  'connection.url': Type.String({
    group: 'Database',
    importance: 'high',
    width: 'long',
    displayName: 'JDBC URL',
    description: 'Where the database is: `jdbc:postgresql://host:port/database?sslmode=…`.',
    check: (url) =>
      url.startsWith('jdbc:postgresql:')
        ? undefined
        : 'Only jdbc:postgresql:// addresses are supported by this connector',
  }),
  'connection.user': Type.String({
    default: null,
    group: 'Database',
    importance: 'high',
    width: 'medium',
    displayName: 'JDBC User',
    description: 'User to connect as; may stand in the URL instead.',
  }),
  'connection.password': password({
    default: null,
    group: 'Database',
    importance: 'high',
    width: 'short',
    displayName: 'JDBC Password',
    description: 'Password of the user; may stand in the URL instead.',
  }),
  'connection.attempts': Type.Integer({
    default: 3,
    minimum: 1,
    group: 'Database',
    importance: 'low',
    displayName: 'JDBC connection attempts',
    description:
      'How often to try to connect before the connector or task fails. A refused password is not tried again.',
  }),
  'connection.backoff.ms': long({
    default: 10000,
    minimum: 0,
    group: 'Database',
    importance: 'low',
    displayName: 'JDBC connection backoff in milliseconds',
    description: 'Pause between connection attempts.',
  }),
  'dialect.name': Type.String({
    default: '',
    enum: ['', 'PostgreSqlDatabaseDialect'],
    group: 'Database',
    importance: 'low',
    width: 'long',
    displayName: 'Database Dialect',
    description: 'Taken from the URL when empty; only PostgreSQL is supported.',
  }),
  'catalog.pattern': Type.String({
    default: null,
    group: 'Database',
    importance: 'medium',
    width: 'short',
    displayName: 'Schema pattern',
    description: 'Database to read tables of; PostgreSQL has only the connected one, so any other finds nothing.',
  }),
  'schema.pattern': Type.String({
    default: null,
    group: 'Database',
    importance: 'high',
    width: 'short',
    displayName: 'Schema pattern',
    description: "Schemas to read tables of, a SQL LIKE pattern. Default: all but the system's.",
  }),
  'table.whitelist': list({
    default: [],
    group: 'Database',
    importance: 'medium',
    width: 'long',
    displayName: 'Table Whitelist',
    description: 'Tables to read: `table`, `schema.table` or `database.schema.table`. Excludes `table.blacklist`.',
  }),
  'table.blacklist': list({
    default: [],
    group: 'Database',
    importance: 'medium',
    width: 'long',
    displayName: 'Table Blacklist',
    description: 'Tables not to read, named as in `table.whitelist`.',
  }),
  'table.types': list({
    default: ['TABLE'],
    group: 'Database',
    importance: 'low',
    width: 'medium',
    displayName: 'Table Types',
    recommended: ['TABLE', 'VIEW', 'MATERIALIZED VIEW', 'FOREIGN TABLE', 'PARTITIONED TABLE'],
    description: 'Kinds of table to read.',
  }),
  'table.poll.interval.ms': long({
    default: 60000,
    minimum: 1,
    group: 'Connector',
    importance: 'low',
    displayName: 'Metadata Change Monitoring Interval (ms)',
    description: 'How often to look for new and dropped tables; a change restarts the tasks.',
  }),
  mode: Type.String({
    enum: MODES,
    group: 'Mode',
    importance: 'high',
    width: 'medium',
    displayName: 'Table Loading Mode',
    dependents: ['incrementing.column.name', 'timestamp.column.name', 'validate.non.null'],
    description:
      'How new and changed rows are found: `bulk` reads everything each time, `incrementing` rows with a larger id, `timestamp` rows with a later timestamp, `timestamp+incrementing` both.',
  }),
  'incrementing.column.name': Type.String({
    default: '',
    group: 'Mode',
    importance: 'medium',
    width: 'medium',
    displayName: 'Incrementing Column Name',
    description: "Column whose value grows with each new row. Empty: the table's identity or serial column.",
  }),
  'timestamp.column.name': list({
    default: [],
    group: 'Mode',
    importance: 'medium',
    width: 'medium',
    displayName: 'Timestamp Column Name',
    description: 'Columns that tell when a row changed last; the first that is not null counts.',
  }),
  'validate.non.null': Type.Boolean({
    default: true,
    group: 'Mode',
    importance: 'low',
    width: 'short',
    displayName: 'Validate Non Null',
    description:
      'Refuse incrementing and timestamp columns that may be null, since rows with a null there are never read.',
  }),
  'timestamp.delay.interval.ms': long({
    default: 0,
    minimum: 0,
    group: 'Mode',
    importance: 'high',
    displayName: 'Delay Interval (ms)',
    description: 'How old a timestamp must be before its row is read, so that transactions in flight can commit first.',
  }),
  query: Type.String({
    default: '',
    group: 'Mode',
    importance: 'medium',
    width: 'short',
    displayName: 'Query',
    description: 'Read the result of this query instead of tables; may have a WHERE of its own.',
  }),
  'numeric.precision.mapping': Type.Boolean({
    default: false,
    group: 'Database',
    importance: 'low',
    displayName: 'Map Numeric Values By Precision (deprecated)',
    description: 'Deprecated: `numeric.mapping=precision_only`.',
  }),
  'db.timezone': Type.String({
    default: 'UTC',
    group: 'Database',
    importance: 'medium',
    width: 'medium',
    displayName: 'DB time zone',
    description: 'Zone of `timestamp` columns, which carry none.',
    check: checkZone,
  }),
  'topic.prefix': Type.String({
    group: 'Connector',
    importance: 'high',
    width: 'medium',
    displayName: 'Topic Prefix',
    description: "Topic of a table: this and the table's name. With `query`: the whole topic name.",
  }),
  'poll.interval.ms': Type.Integer({
    default: 5000,
    minimum: 0,
    group: 'Connector',
    importance: 'high',
    width: 'short',
    displayName: 'Poll Interval (ms)',
    description: 'Pause between two reads of the same table.',
  }),
}

const quoting = {
  group: 'Database',
  importance: 'medium',
  displayName: 'Quote Identifiers',
  description:
    'Whether table and column names are quoted in statements; without it PostgreSQL folds them to lower case.',
} as const

const confluentKeys = {
  ...common,
  'batch.max.rows': Type.Integer({
    default: 1000,
    minimum: 1,
    group: 'Connector',
    importance: 'low',
    width: 'short',
    displayName: 'Max Rows Per Batch',
    description: 'Most rows that one poll gives.',
  }),
  'numeric.mapping': Type.String({
    default: 'none',
    enum: NUMERIC_MAPPINGS,
    ignoreCase: true,
    group: 'Database',
    importance: 'low',
    width: 'short',
    displayName: 'Map Numeric Values',
    description: 'What becomes of NUMERIC columns: Decimal (`none`), or numbers where they fit.',
  }),
  'quote.sql.identifiers': Type.String({ default: 'ALWAYS', enum: ['ALWAYS', 'NEVER'], ignoreCase: true, ...quoting }),
  'timestamp.initial': long({
    default: null,
    group: 'Mode',
    importance: 'low',
    displayName: 'Timestamp Initial',
    description: 'Where timestamp modes begin without a stored offset: milliseconds since the epoch, or -1 for now.',
  }),
  'timestamp.granularity': Type.String({
    default: 'connect_logical',
    enum: GRANULARITIES,
    ignoreCase: true,
    group: 'Connector',
    importance: 'low',
    displayName: 'Timestamp granularity for timestamp columns',
    description: "What becomes of timestamps: Connect's Timestamp (milliseconds), or finer numbers and texts.",
  }),
  'date.calendar.system': Type.String({
    default: 'LEGACY',
    enum: ['LEGACY', 'PROLEPTIC_GREGORIAN'],
    ignoreCase: true,
    group: 'Database',
    importance: 'low',
    displayName: 'Date Calendar System',
    description:
      "Calendar of dates before 1582-10-15: Java's hybrid one, or the Gregorian throughout as PostgreSQL has it.",
  }),
  'query.suffix': Type.String({
    default: '',
    group: 'Mode',
    importance: 'low',
    width: 'medium',
    displayName: 'Query suffix',
    description: 'Text put at the end of each statement.',
  }),
}

const aivenKeys = {
  ...common,
  'batch.max.rows': Type.Integer({
    default: 100,
    minimum: 1,
    group: 'Connector',
    importance: 'low',
    width: 'short',
    displayName: 'Max Rows Per Batch',
    description: 'Most rows that one poll gives.',
  }),
  'numeric.mapping': Type.String({
    default: 'none',
    enum: ['none', 'precision_only', 'best_fit'],
    ignoreCase: true,
    group: 'Database',
    importance: 'low',
    width: 'short',
    displayName: 'Map Numeric Values',
    description: 'What becomes of NUMERIC columns: Decimal (`none`), or numbers where they fit.',
  }),
  'sql.quote.identifiers': Type.Boolean({ default: true, ...quoting }),
  'timestamp.initial.ms': long({
    default: 0,
    group: 'Mode',
    importance: 'low',
    displayName: 'Timestamp Initial',
    description: 'Where timestamp modes begin without a stored offset: milliseconds since the epoch.',
  }),
  'incrementing.initial': long({
    default: -1,
    group: 'Mode',
    importance: 'low',
    displayName: 'Incrementing Initial',
    description: 'Where incrementing modes begin without a stored offset: rows with a larger value are read.',
  }),
  'table.names.qualify': Type.Boolean({
    default: true,
    group: 'Database',
    importance: 'low',
    displayName: 'Qualify table names',
    description: 'Whether statements name a table with its schema; without it the search path finds it.',
  }),
}

/** The two dialects of the same connector: keys and defaults differ, behaviour does not. */
export const confluentConfig = config(confluentKeys)
export const aivenConfig = config(aivenKeys)

type Parsed<D> = D extends ConfigDeclaration<infer P> ? P : never
export type ConfluentProps = Parsed<typeof confluentConfig>
export type AivenProps = Parsed<typeof aivenConfig>

/** What the connector works with, whichever dialect it was written in. */
export interface Settings {
  readonly dialect: 'confluent' | 'aiven'
  readonly url: string
  readonly user: string | null
  readonly password: string | null
  readonly attempts: number
  readonly backoffMs: number
  readonly catalogPattern: string | null
  readonly schemaPattern: string | null
  readonly tables: {
    readonly include: readonly string[]
    readonly exclude: readonly string[]
    readonly types: readonly string[]
    readonly pollIntervalMs: number
  }
  readonly mode: Mode
  readonly incrementingColumn: string
  readonly timestampColumns: readonly string[]
  readonly validateNonNull: boolean
  readonly timestampDelayMs: number
  /** Milliseconds since the epoch; −1 is now. */
  readonly timestampInitialMs: number
  readonly incrementingInitial: number
  readonly query: string
  readonly querySuffix: string
  readonly numericMapping: NumericMapping
  readonly granularity: TimestampGranularity
  readonly timeZone: string
  readonly prolepticDates: boolean
  readonly quoteIdentifiers: boolean
  readonly qualifyTables: boolean
  readonly topicPrefix: string
  readonly pollIntervalMs: number
  readonly maxRows: number
}

function sharedSettings(props: ConfluentProps | AivenProps) {
  return {
    url: props['connection.url'],
    user: props['connection.user'],
    password: props['connection.password'],
    attempts: props['connection.attempts'],
    backoffMs: props['connection.backoff.ms'],
    catalogPattern: props['catalog.pattern'],
    schemaPattern: props['schema.pattern'],
    tables: {
      include: props['table.whitelist'],
      exclude: props['table.blacklist'],
      types: props['table.types'].map((type) => type.toUpperCase()),
      pollIntervalMs: props['table.poll.interval.ms'],
    },
    mode: props.mode,
    incrementingColumn: props['incrementing.column.name'],
    timestampColumns: props['timestamp.column.name'],
    validateNonNull: props['validate.non.null'],
    timestampDelayMs: props['timestamp.delay.interval.ms'],
    query: props.query,
    numericMapping:
      props['numeric.precision.mapping'] && props['numeric.mapping'] === 'none'
        ? 'precision_only'
        : props['numeric.mapping'],
    timeZone: props['db.timezone'],
    topicPrefix: props['topic.prefix'],
    pollIntervalMs: props['poll.interval.ms'],
    maxRows: props['batch.max.rows'],
  } as const
}

export function confluentSettings(props: ConfluentProps): Settings {
  return {
    dialect: 'confluent',
    ...sharedSettings(props),
    timestampInitialMs: props['timestamp.initial'] ?? 0,
    incrementingInitial: -1,
    querySuffix: props['query.suffix'],
    granularity: props['timestamp.granularity'],
    prolepticDates: props['date.calendar.system'] === 'PROLEPTIC_GREGORIAN',
    quoteIdentifiers: props['quote.sql.identifiers'] === 'ALWAYS',
    qualifyTables: true,
  }
}

export function aivenSettings(props: AivenProps): Settings {
  return {
    dialect: 'aiven',
    ...sharedSettings(props),
    timestampInitialMs: props['timestamp.initial.ms'],
    incrementingInitial: props['incrementing.initial'],
    querySuffix: '',
    granularity: 'connect_logical',
    prolepticDates: false,
    quoteIdentifiers: props['sql.quote.identifiers'],
    qualifyTables: props['table.names.qualify'],
  }
}

/** Checks across keys; Kafka Connect shows them beside the key at fault. */
export function validateSettings(settings: Settings): ConfigValueErrors {
  const errors: ConfigValueErrors = {}
  const add = (key: string, message: string): void => {
    errors[key] = [...(errors[key] ?? []), message]
  }
  if (settings.tables.include.length > 0 && settings.tables.exclude.length > 0) {
    for (const key of ['table.whitelist', 'table.blacklist'])
      add(key, 'table.whitelist and table.blacklist exclude each other: set one of them')
  }
  if (settings.query !== '' && (settings.tables.include.length > 0 || settings.tables.exclude.length > 0)) {
    add('query', 'query reads its own result: do not set table.whitelist or table.blacklist beside it')
  }
  if (settings.mode.startsWith('timestamp') && settings.timestampColumns.length === 0) {
    add('timestamp.column.name', `mode=${settings.mode} needs timestamp.column.name`)
  }
  if (settings.mode.endsWith('incrementing') && settings.query !== '' && settings.incrementingColumn === '') {
    add('incrementing.column.name', `mode=${settings.mode} with a query needs incrementing.column.name`)
  }
  return errors
}

function checkZone(zone: string): string | undefined {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone })
    return undefined
  } catch {
    return 'Not a known time zone'
  }
}
