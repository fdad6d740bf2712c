import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isConnectError } from 'millrace/connect'
import type pg from 'pg'
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts'
import { cellJson, SourceRun } from './source-run.ts'

let server: TestPostgres
let db: pg.Client

before(async () => {
  server = await startTestPostgres()
  db = await server.client()
})
after(() => server.stop())

const base = (): Record<string, string> => ({
  'connection.url': server.jdbcUrl(),
  'connection.user': server.user,
  'connection.password': server.password,
  'topic.prefix': 'db-',
  'poll.interval.ms': '0',
})

describe('modes', () => {
  test('incrementing reads every row once, resumes after the stored offset and then finds new ones', async () => {
    await db.query('CREATE TABLE inc (id bigserial PRIMARY KEY, v text NOT NULL)')
    await db.query("INSERT INTO inc (v) SELECT 'v' || i FROM generate_series(1, 3000) AS i")
    const config = {
      ...base(),
      mode: 'incrementing',
      'incrementing.column.name': 'id',
      'table.whitelist': 'inc',
      'batch.max.rows': '700',
    }
    const first = new SourceRun(config)
    await first.start()
    await first.pollUntil(1000)
    first.stop()
    const seen = first.rows.length
    assert.deepEqual([...first.offsets], [['{"protocol":"1","table":"public.inc"}', { incrementing: seen }]])

    const second = new SourceRun(config, first.offsets)
    await second.start()
    await second.pollUntil(3000 - seen)
    assert.deepEqual(
      [...first.rows, ...second.rows].map((row) => row['id']),
      Array.from({ length: 3000 }, (_none, i) => i + 1),
    )
    await db.query("INSERT INTO inc (v) VALUES ('late')")
    await second.pollUntil(3001 - seen)
    assert.deepEqual(second.rows.at(-1), { id: 3001, v: 'late' })
    second.stop()
  })

  test('no batch is larger than batch.max.rows, and a batch says where to resume after it', async () => {
    await db.query('CREATE TABLE sized (id int PRIMARY KEY)')
    await db.query('INSERT INTO sized SELECT generate_series(1, 250)')
    const run = new SourceRun({
      ...base(),
      mode: 'incrementing',
      'incrementing.column.name': 'id',
      'table.whitelist': 'sized',
      'batch.max.rows': '100',
    })
    await run.start()
    await run.pollUntil(100)
    assert.equal(run.rows.length, 100)
    assert.deepEqual(run.lastBatch?.sourceOffset, { incrementing: 100 })
    run.stop()
  })

  test('bulk reads the whole table each time and stores no offset', async () => {
    await db.query('CREATE TABLE bulky (v int)')
    await db.query('INSERT INTO bulky VALUES (1), (2)')
    const run = new SourceRun({ ...base(), mode: 'bulk', 'table.whitelist': 'public.bulky' })
    await run.start()
    await run.pollUntil(4)
    assert.deepEqual(
      run.rows.map((row) => row['v']),
      [1, 2, 1, 2],
    )
    assert.equal(run.offsets.size, 0)
    run.stop()
  })

  test('timestamp never commits half of the rows that share a timestamp', async () => {
    await db.query('CREATE TABLE ts (v int, at timestamptz NOT NULL)')
    await db.query(
      "INSERT INTO ts SELECT i, '2026-01-01 00:00:00+00'::timestamptz + make_interval(secs => i / 10) FROM generate_series(0, 99) AS i",
    )
    const config = {
      ...base(),
      mode: 'timestamp',
      'timestamp.column.name': 'at',
      'table.whitelist': 'ts',
      'batch.max.rows': '25',
    }
    const run = new SourceRun(config)
    await run.start()
    await run.pollUntil(25)
    // 25 rows are two and a half timestamps: only the first two are complete.
    assert.deepEqual([...run.offsets.values()], [{ timestamp_nanos: 0, timestamp: Date.UTC(2026, 0, 1, 0, 0, 1) }])
    run.stop()
    const again = new SourceRun(config, run.offsets)
    await again.start()
    const rows = await again.pollUntilIdle()
    assert.deepEqual(
      rows.map((row) => row['v']),
      Array.from({ length: 80 }, (_none, i) => i + 20),
    )
    assert.deepEqual([...again.offsets.values()], [{ timestamp_nanos: 0, timestamp: Date.UTC(2026, 0, 1, 0, 0, 9) }])
    again.stop()
  })

  test('timestamp+incrementing finds changed rows, microseconds apart, and keeps its place', async () => {
    await db.query('CREATE TABLE both_modes (id int PRIMARY KEY, at timestamp NOT NULL)')
    await db.query(
      "INSERT INTO both_modes VALUES (1, '2026-01-01 10:00:00.000001'), (2, '2026-01-01 10:00:00.000001'), (3, '2026-01-01 10:00:00.000002')",
    )
    const config = {
      ...base(),
      mode: 'timestamp+incrementing',
      'timestamp.column.name': 'at',
      'incrementing.column.name': 'id',
      'table.whitelist': 'both_modes',
    }
    const run = new SourceRun({ ...config, 'batch.max.rows': '1' })
    await run.start()
    await run.pollUntil(1)
    run.stop()
    assert.deepEqual(
      [...run.offsets.values()],
      [{ timestamp_nanos: 1000, incrementing: 1, timestamp: Date.UTC(2026, 0, 1, 10) }],
    )
    const again = new SourceRun(config, run.offsets)
    await again.start()
    await again.pollUntil(2)
    await db.query("UPDATE both_modes SET at = '2026-01-01 10:00:00.000003' WHERE id = 1")
    await again.pollUntil(3)
    assert.deepEqual(
      again.rows.map((row) => row['id']),
      [2, 3, 1],
    )
    again.stop()
  })

  test('timestamp.delay.interval.ms leaves rows alone that are too young', async () => {
    await db.query('CREATE TABLE young (id int, at timestamptz NOT NULL)')
    await db.query("INSERT INTO young VALUES (1, now() - interval '1 hour'), (2, now())")
    const run = new SourceRun({
      ...base(),
      mode: 'timestamp',
      'timestamp.column.name': 'at',
      'table.whitelist': 'young',
      'timestamp.delay.interval.ms': '600000',
    })
    await run.start()
    assert.deepEqual(
      (await run.pollUntilIdle()).map((row) => row['id']),
      [1],
    )
    run.stop()
  })

  test('a query is wrapped, so that it may have a WHERE of its own', async () => {
    await db.query('CREATE TABLE queried (id int PRIMARY KEY, keep boolean NOT NULL)')
    await db.query('INSERT INTO queried SELECT i, i % 2 = 0 FROM generate_series(1, 10) AS i')
    const run = new SourceRun({
      ...base(),
      mode: 'incrementing',
      'incrementing.column.name': 'id',
      query: 'SELECT id, keep FROM queried WHERE keep;',
      'topic.prefix': 'evens',
    })
    await run.start()
    await run.pollUntil(5)
    assert.deepEqual(
      run.rows.map((row) => row['id']),
      [2, 4, 6, 8, 10],
    )
    assert.equal(run.lastBatch?.plan.topic, 'evens')
    assert.equal(run.lastBatch?.plan.value.schema.name, undefined)
    assert.deepEqual([...run.offsets.keys()], ['{"query":"query"}'])
    run.stop()
  })

  test("Aiven's offsets carry the catalog, and either form is found again", async () => {
    await db.query('CREATE TABLE shared (id int PRIMARY KEY)')
    await db.query('INSERT INTO shared SELECT generate_series(1, 3)')
    const config = {
      ...base(),
      mode: 'incrementing',
      'incrementing.column.name': 'id',
      'table.whitelist': 'postgres.public.shared',
    }
    const aiven = new SourceRun(config, new Map(), 'aiven')
    await aiven.start()
    await aiven.pollUntil(3)
    aiven.stop()
    assert.deepEqual([...aiven.offsets.keys()], ['{"protocol":"1","table":"postgres.public.shared"}'])
    await db.query('INSERT INTO shared VALUES (4)')
    const confluent = new SourceRun(config, aiven.offsets)
    await confluent.start()
    await confluent.pollUntil(1)
    assert.deepEqual(confluent.rows, [{ id: 4 }])
    confluent.stop()
  })
})

describe('tables and shapes', () => {
  test('tables are dealt out to tasks, and each goes to its own topic', async () => {
    await db.query('CREATE SCHEMA many')
    for (const name of ['a', 'b', 'c'])
      await db.query(`CREATE TABLE many.${name} (id int PRIMARY KEY); INSERT INTO many.${name} VALUES (1)`)
    const run = new SourceRun({
      ...base(),
      mode: 'incrementing',
      'incrementing.column.name': 'id',
      'schema.pattern': 'many',
      'table.blacklist': 'many.c',
    })
    const configs = await run.start(5)
    assert.deepEqual(
      configs.map((config) => config['tables']),
      ['"postgres"."many"."a"', '"postgres"."many"."b"'],
    )
    run.stop()
  })

  test('a column that was added appears in the next read', async () => {
    await db.query('CREATE TABLE grows (id serial PRIMARY KEY)')
    await db.query('INSERT INTO grows DEFAULT VALUES')
    const run = new SourceRun({ ...base(), mode: 'incrementing', 'table.whitelist': 'grows' })
    await run.start()
    await run.pollUntil(1)
    await db.query("ALTER TABLE grows ADD COLUMN note text; INSERT INTO grows (note) VALUES ('x')")
    await run.pollUntil(2)
    assert.deepEqual(run.rows, [{ id: 1 }, { id: 2, note: 'x' }])
    run.stop()
  })

  test('names with quotes, blanks and capitals are found and read', async () => {
    await db.query('CREATE TABLE "Odd ""Name" ("Id" int PRIMARY KEY, "a b" text)')
    await db.query(`INSERT INTO "Odd ""Name" VALUES (1, E'tab\\there \\\\ "quoted" \\n')`)
    const run = new SourceRun({
      ...base(),
      mode: 'incrementing',
      'incrementing.column.name': 'Id',
      'schema.pattern': 'public',
      'table.whitelist': 'Odd "Name',
    })
    await run.start().catch(() => undefined)
    const quoted = new SourceRun({ ...base(), mode: 'bulk', query: 'SELECT * FROM "Odd ""Name"' })
    await quoted.start()
    await quoted.pollUntil(1)
    assert.deepEqual(quoted.rows[0], { Id: 1, 'a b': 'tab\there \\ "quoted" \n' })
    assert.equal(cellJson(quoted.lastBatch as never, 0, 'a b', 'BASE64'), JSON.stringify('tab\there \\ "quoted" \n'))
    quoted.stop()
    run.stop()
  })
})

describe('types', () => {
  test('each type has the value that the JDBC connectors give, on both paths', async () => {
    await db.query("CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE DOMAIN cents AS int")
    await db.query(`CREATE TABLE typed (
      i2 int2 NOT NULL, i4 int4, i8 int8, big int8, f4 float4, f8 float8, n numeric(20, 3), nn numeric(10, 2), b boolean, t text, c char(4), v varchar(9),
      u uuid, j jsonb, e mood, d date, old date, tm time, ts timestamp, tz timestamptz, bin bytea, b1 bit(1), b8 bit(4), dom cents, m money, arr int[], x text)`)
    await db.query(`INSERT INTO typed VALUES (-3, 7, 9007199254740991, 9223372036854775807, 1.1, 1e21, -12345678901234567.891, -0.05, true, E'ü "\\\\ \\x01\\t', 'ab', 'v',
      '7f0ed1a4-9d4f-4f8f-9f52-0d3c6b9dd6a1', '{"a": 1}', 'glad', '2026-02-28', '0001-01-01', '23:59:59.999999', '2026-01-02 03:04:05.678901', '2026-01-02 03:04:05.678901+02',
      '\\x00ff10', B'1', B'0101', 5, 12.34, '{1,2}', NULL)`)
    const run = new SourceRun({ ...base(), mode: 'bulk', 'table.whitelist': 'typed' })
    await run.start()
    await run.pollUntil(1)
    run.stop()
    const { bin, ...row } = run.rows[0] as { bin: Uint8Array } & Record<string, unknown>
    assert.deepEqual([...bin], [0, 255, 16])
    assert.deepEqual(row, {
      i2: -3,
      i4: 7,
      i8: 9007199254740991,
      big: 9223372036854775807n,
      f4: Math.fround(1.1),
      f8: 1e21,
      n: '-12345678901234567.891',
      nn: '-0.05',
      b: true,
      t: 'ü "\\ \x01\t',
      c: 'ab  ',
      v: 'v',
      u: '7f0ed1a4-9d4f-4f8f-9f52-0d3c6b9dd6a1',
      j: '{"a": 1}',
      e: 'glad',
      d: Date.UTC(2026, 1, 28) / 86_400_000,
      old: -719164,
      tm: 86_399_999,
      ts: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
      tz: Date.UTC(2026, 0, 2, 1, 4, 5, 678),
      b1: true,
      b8: 101,
      dom: 5,
      m: 12.34,
      x: null,
    })
    const batch = run.lastBatch as never
    const json = Object.fromEntries(
      [...Object.keys(row), 'bin'].map((name) => [name, cellJson(batch, 0, name, 'BASE64')]),
    )
    assert.deepEqual(json, {
      i2: '-3',
      i4: '7',
      i8: '9007199254740991',
      big: '9223372036854775807',
      f4: '1.1',
      f8: '1.0E21',
      n: JSON.stringify(Buffer.from('ff54ab567314e0f52d', 'hex').toString('base64')),
      nn: JSON.stringify(Buffer.from([0xfb]).toString('base64')),
      b: 'true',
      t: '"ü \\"\\\\ \\u0001\\t"',
      c: '"ab  "',
      v: '"v"',
      u: '"7f0ed1a4-9d4f-4f8f-9f52-0d3c6b9dd6a1"',
      j: '"{\\"a\\": 1}"',
      e: '"glad"',
      d: '20512',
      old: '-719164',
      tm: '86399999',
      ts: '1767323045678',
      tz: '1767315845678',
      bin: '"AP8Q"',
      b1: 'true',
      b8: '101',
      dom: '5',
      m: '12.34',
      x: 'null',
    })
    assert.equal(cellJson(batch, 0, 'n', 'NUMERIC'), '-12345678901234567.891')
    const fields = run.lastBatch?.plan.value.schema.fields ?? []
    assert.deepEqual(fields.find(({ name }) => name === 'n')?.schema, {
      type: 'BYTES',
      optional: true,
      name: 'org.apache.kafka.connect.data.Decimal',
      version: 1,
      parameters: { scale: '3' },
    })
    assert.deepEqual(fields.find(({ name }) => name === 'i2')?.schema, { type: 'INT16', optional: false })
  })

  test('numeric.mapping=best_fit gives numbers where they fit', async () => {
    await db.query('CREATE TABLE fits (a numeric(2), b numeric(9), c numeric(10, 2), d numeric(19, 2), e numeric(18))')
    await db.query('INSERT INTO fits VALUES (7, 123456789, 12.5, 1.25, 999999999999999999)')
    const run = new SourceRun({ ...base(), mode: 'bulk', 'table.whitelist': 'fits', 'numeric.mapping': 'best_fit' })
    await run.start()
    await run.pollUntil(1)
    run.stop()
    assert.deepEqual(run.rows[0], { a: 7, b: 123456789, c: 12.5, d: '1.25', e: 999999999999999999n })
    assert.deepEqual(
      run.lastBatch?.plan.value.schema.fields?.map(({ schema }) => schema.type),
      ['INT8', 'INT32', 'FLOAT64', 'BYTES', 'INT64'],
    )
  })

  test('timestamp.granularity and db.timezone decide what a timestamp becomes', async () => {
    await db.query("CREATE TABLE fine (ts timestamp); INSERT INTO fine VALUES ('2026-07-01 12:00:00.123456')")
    const read = async (config: Record<string, string>): Promise<unknown> => {
      const run = new SourceRun({ ...base(), mode: 'bulk', 'table.whitelist': 'fine', ...config })
      await run.start()
      await run.pollUntil(1)
      run.stop()
      return run.rows[0]?.['ts']
    }
    const noon = Date.UTC(2026, 6, 1, 12, 0, 0, 123)
    assert.equal(await read({ 'db.timezone': 'Europe/Berlin' }), noon - 7_200_000)
    assert.equal(await read({ 'timestamp.granularity': 'micros_long' }), noon * 1000 + 456)
    assert.equal(await read({ 'timestamp.granularity': 'nanos_string' }), `${noon}456000`)
    assert.equal(await read({ 'timestamp.granularity': 'micros_iso_datetime_string' }), '2026-07-01T12:00:00.123456Z')
  })

  test('a row larger than what a socket gives at once arrives whole', async () => {
    await db.query(
      'CREATE TABLE wide (id int, v text); INSERT INTO wide SELECT i, repeat(chr(96 + i), 700000) FROM generate_series(1, 5) AS i',
    )
    const run = new SourceRun({ ...base(), mode: 'bulk', 'table.whitelist': 'wide' })
    await run.start()
    await run.pollUntil(5)
    run.stop()
    assert.deepEqual(
      run.rows.map((row) => (row['v'] as string).length),
      [700000, 700000, 700000, 700000, 700000],
    )
    assert.equal(String(run.rows.at(4)?.['v']).at(-1), 'e')
  })
})

describe('what is wrong is said', () => {
  const failure = async (config: Record<string, string>): Promise<string> => {
    const run = new SourceRun({ ...base(), mode: 'bulk', 'connection.attempts': '1', ...config })
    try {
      await run.start()
      await run.pollUntil(1)
    } catch (error) {
      return (error as Error).message
    } finally {
      run.stop()
    }
    return 'no failure'
  }

  test('a wrong password names the user and the settings, and not the password', async () => {
    const message = await failure({ 'connection.password': 'wrong-secret' })
    assert.match(message, /refused user "postgres".*connection\.user and connection\.password/)
    assert.doesNotMatch(message, /wrong-secret/)
  })

  test('an unknown database, a missing table, a closed port and a broken query each name the setting', async () => {
    assert.match(
      await failure({ 'connection.url': server.jdbcUrl('nowhere') }),
      /no database "nowhere".*connection\.url/,
    )
    assert.match(await failure({ 'table.whitelist': 'missing' }), /No table in .* matches table\.whitelist=missing/)
    assert.match(
      await failure({ 'connection.url': 'jdbc:postgresql://127.0.0.1:1/x' }),
      /cannot reach PostgreSQL at 127\.0\.0\.1:1/,
    )
    assert.match(await failure({ query: 'SELEC 1' }), /syntax error/)
  })

  test('columns that do not fit the mode fail the start', async () => {
    await db.query('CREATE TABLE unfit (id int, at text)')
    const only = { 'table.whitelist': 'unfit' }
    assert.match(
      await failure({ ...only, mode: 'incrementing', 'incrementing.column.name': 'nope' }),
      /has no column "nope".*id, at/,
    )
    assert.match(
      await failure({ ...only, mode: 'incrementing', 'incrementing.column.name': 'id' }),
      /may be null.*validate\.non\.null/,
    )
    assert.match(await failure({ ...only, mode: 'incrementing' }), /no identity or serial column/)
    assert.match(
      await failure({ ...only, mode: 'timestamp', 'timestamp.column.name': 'at', 'validate.non.null': 'false' }),
      /of type text/,
    )
  })

  test('a connection that breaks while rows flow is made again, and no row is lost', async () => {
    await db.query(
      "CREATE TABLE cut (id int PRIMARY KEY, v text); INSERT INTO cut SELECT i, repeat('x', 200) FROM generate_series(1, 50000) AS i",
    )
    const run = new SourceRun({
      ...base(),
      mode: 'incrementing',
      'incrementing.column.name': 'id',
      'table.whitelist': 'cut',
      'connection.backoff.ms': '10',
    })
    await run.start()
    await run.pollUntil(1000)
    await db.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test-0'")
    await run.pollUntil(50_000).catch((error: Error) => assert.match(error.message, /tried again/))
    await run.pollUntil(50_000)
    assert.deepEqual(
      run.rows.map((row) => row['id']),
      Array.from({ length: 50_000 }, (_none, i) => i + 1),
    )
    run.stop()
  })

  test('a connection that breaks between two reads is made again: a server that restarts fails no task', async () => {
    await db.query('CREATE TABLE calm (id int PRIMARY KEY); INSERT INTO calm VALUES (1)')
    const run = new SourceRun({
      ...base(),
      mode: 'incrementing',
      'incrementing.column.name': 'id',
      'table.whitelist': 'calm',
      'poll.interval.ms': '1',
    })
    await run.start()
    await run.pollUntilIdle()
    const mine = "FROM pg_stat_activity WHERE application_name = 'test-0'"
    await db.query(`SELECT pg_terminate_backend(pid) ${mine}`)
    while ((await db.query(`SELECT 1 ${mine}`)).rowCount !== 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await db.query('INSERT INTO calm VALUES (2)')
    await run.pollUntil(2).catch((error: unknown) => {
      if (!isConnectError(error, 'RetriableError')) throw error
      return run.pollUntil(2)
    })
    assert.deepEqual(
      run.rows.map((row) => row['id']),
      [1, 2],
    )
    run.stop()
  })
})
