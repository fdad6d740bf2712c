import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Captured frames as text: lines that begin with `#` tell what it is, the others are hex. */

const FOLDER = join(import.meta.dirname, '../fixtures/wire')
const BYTES_PER_LINE = 32

export interface WireFixture {
  /** File name without its ending: `<client>.<api>-v<version>-request`. */
  readonly name: string
  readonly bytes: Buffer
}

/** Reads all captured frames, in the order of their names. */
export async function wireFixtures(): Promise<WireFixture[]> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.hex')).toSorted()
  return Promise.all(
    files.map(async (file) => {
      const lines = (await readFile(join(FOLDER, file), 'utf8')).split('\n').filter((line) => !line.startsWith('#'))
      return { name: file.slice(0, -'.hex'.length), bytes: Buffer.from(lines.join(''), 'hex') }
    }),
  )
}

/** Writes one captured frame, with a line on what it is. */
export async function saveWireFixture(fixture: WireFixture, about: string): Promise<void> {
  const hex = fixture.bytes.toString('hex').match(new RegExp(`.{1,${BYTES_PER_LINE * 2}}`, 'g')) ?? []
  await writeFile(join(FOLDER, `${fixture.name}.hex`), [`# ${about}`, ...hex, ''].join('\n'))
}
