import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CopyRows } from '../../../connectors/postgres/wire/copy-rows.ts'

/** CopyData messages as the server sends them, a row each. */
function copyData(...rows: string[]): { bytes: Buffer; start: number; end: number } {
  const bytes = Buffer.concat(
    rows.map((row) => {
      const text = Buffer.from(`${row}\n`)
      const header = Buffer.alloc(5)
      header[0] = 0x64
      header.writeInt32BE(text.length + 4, 1)
      return Buffer.concat([header, text])
    }),
  )
  return { bytes, start: 0, end: bytes.length }
}

function cells(rows: CopyRows, bytes: Buffer): (string | null)[] {
  const found: (string | null)[] = []
  for (let i = 0; i < rows.rows * rows.cellsPerRow; i++) {
    const start = rows.starts[i] as number
    found.push(start < 0 ? null : bytes.toString('utf8', start, rows.ends[i]))
  }
  return found
}

test('cells lie between tabs, and only a bare \\N is null', () => {
  const chunk = copyData('1\tone\t\\N', '2\t\t\\\\N', '3\t\\N\tüñí')
  const rows = new CopyRows(3)
  rows.tokenize(chunk)
  assert.equal(rows.rows, 3)
  assert.deepEqual(cells(rows, chunk.bytes), ['1', 'one', null, '2', '', '\\\\N', '3', null, 'üñí'])
})

test('a table of one column may have empty rows', () => {
  const chunk = copyData('', '\\N', 'x')
  const rows = new CopyRows(1)
  rows.tokenize(chunk)
  assert.deepEqual(cells(rows, chunk.bytes), ['', null, 'x'])
})

test('a chunk may hold more rows than the arrays were made for', () => {
  const chunk = copyData(...Array.from({ length: 5000 }, (_none, i) => `${i}\tv${i}`))
  const rows = new CopyRows(2)
  rows.tokenize(chunk)
  assert.equal(rows.rows, 5000)
  assert.deepEqual(cells(rows, chunk.bytes).slice(-2), ['4999', 'v4999'])
})

test('a row with too many or too few columns is an error, not a shift of cells', () => {
  assert.throws(() => new CopyRows(2).tokenize(copyData('1\t2\t3')), /more than 2 columns/)
  assert.throws(() => new CopyRows(2).tokenize(copyData('1')), /fewer than 2 columns/)
})
