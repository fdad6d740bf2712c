import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { CopyOut } from '../../../connectors/postgres/wire/copy-out.ts'
import { CopySocket } from '../../../connectors/postgres/wire/copy-socket.ts'
import { startTestPostgres, type TestPostgres } from '../../support/postgres.ts'

let server: TestPostgres
before(async () => {
  server = await startTestPostgres()
})
after(() => server.stop())

async function client(stream?: () => CopySocket): Promise<pg.Client> {
  const { host, port, user, password } = server
  const made = new pg.Client({ host, port, user, password, database: 'postgres', ...(stream ? { stream } : {}) })
  made.on('error', () => undefined)
  await made.connect()
  return made
}

/** The rows' texts. As long as chunks are kept by their reader, `slowly` lets the server run ahead. */
async function rowsOf(copy: CopyOut, slowly: boolean): Promise<string[]> {
  const rows: string[] = []
  for (let chunk = copy.take(); chunk !== null; chunk = copy.take()) {
    if (chunk === undefined) {
      await copy.ready()
      continue
    }
    const bytes = Buffer.from(chunk.bytes.buffer, chunk.bytes.byteOffset, chunk.bytes.length)
    for (let at = chunk.start; at < chunk.end; ) {
      const end = at + 1 + bytes.readInt32BE(at + 1)
      rows.push(bytes.toString('latin1', at + 5, end - 1))
      at = end
    }
    if (slowly) await new Promise((resolve) => setImmediate(resolve))
  }
  return rows
}

// Rows of 0 to 1,000 bytes, some of which are larger than any block of memory.
const QUERY = `SELECT i, repeat(chr(97 + (i % 26)::int), CASE WHEN i % 1000 = 7 THEN 400000 ELSE (i * 37 % 1000)::int END)
  FROM generate_series(1, 4000) AS i`
const expected = Array.from({ length: 4000 }, (_none, index) => {
  const i = index + 1
  return `${i}\t${String.fromCharCode(97 + (i % 26)).repeat(i % 1000 === 7 ? 400_000 : (i * 37) % 1000)}`
})

for (const [name, stream] of [
  ['memory of its own', (): CopySocket => new CopySocket()],
  ['the chunks of an ordinary socket', undefined],
] as const) {
  describe(`a copy read into ${name}`, () => {
    for (const slowly of [false, true]) {
      test(`gives every row once and unchanged${slowly ? ' to a slow reader' : ''}`, async () => {
        const connection = await client(stream)
        const rows = await rowsOf(CopyOut.start(connection, `COPY (${QUERY}) TO STDOUT`), slowly)
        assert.equal(rows.length, expected.length)
        for (const [i, row] of rows.entries()) assert.ok(row === expected[i], `row ${i + 1} differs`)
        await connection.end()
      })
    }

    test('gives pg its connection back, after the end and after an error', async () => {
      const connection = await client(stream)
      assert.deepEqual(await rowsOf(CopyOut.start(connection, 'COPY (SELECT 1 WHERE false) TO STDOUT'), false), [])
      const failing = CopyOut.start(connection, 'COPY (SELECT 10 / (3 - i) FROM generate_series(1, 5) AS i) TO STDOUT')
      await assert.rejects(rowsOf(failing, false), /division by zero/)
      const { rows } = await connection.query("SELECT 'still here' AS answer, repeat('x', 100000) AS long")
      assert.equal(rows[0]?.answer, 'still here')
      assert.equal(rows[0]?.long.length, 100_000)
      assert.deepEqual(await rowsOf(CopyOut.start(connection, 'COPY (VALUES (1), (2)) TO STDOUT'), false), ['1', '2'])
      await connection.end()
    })

    test('leaves messages of other kinds to pg', async () => {
      const connection = await client(stream)
      const notices: string[] = []
      connection.on('notice', (notice) => notices.push(notice.message ?? ''))
      await connection.query(`CREATE OR REPLACE FUNCTION pg_temp.told(i bigint) RETURNS bigint LANGUAGE plpgsql AS
        $$ BEGIN RAISE NOTICE 'row %', i; RETURN i; END $$`)
      const copy = CopyOut.start(connection, 'COPY (SELECT pg_temp.told(i) FROM generate_series(1, 3) AS i) TO STDOUT')
      assert.deepEqual(await rowsOf(copy, false), ['1', '2', '3'])
      assert.deepEqual(notices, ['row 1', 'row 2', 'row 3'])
      await connection.end()
    })
  })
}
