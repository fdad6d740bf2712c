import { RuntimeError } from '../../runtime/index.ts'

/** A login module of an entry of a JAAS file. */
export interface LoginModule {
  readonly class: string
  /** `required`, `requisite`, `sufficient` or `optional`, in lower case. */
  readonly flag: string
  readonly options: Readonly<Record<string, string>>
}

const flags = ['required', 'requisite', 'sufficient', 'optional']
// Comments, quoted texts, braces, semicolons and equal signs, words.
const token = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"((?:[^"\\\n]|\\.)*)"|[{};=]|(?:[^\s{};="/]|\/(?![/*]))+|\S/g

/**
 * The login modules of one entry of a JAAS file: `Name { some.Module required option="value"; };`. Throws
 * {@link RuntimeError} that says where the text is none, or that the entry is missing; never quotes values.
 */
export function jaasEntry(text: string, name: string): LoginModule[] {
  const reader = new TokenReader(text)
  while (!reader.atEnd) {
    const entry = reader.word('the name of an entry')
    reader.expect('{')
    const modules: LoginModule[] = []
    while (!reader.skip('}')) modules.push(loginModule(reader))
    reader.expect(';')
    if (entry === name) return modules
  }
  throw new RuntimeError(`there is no entry ${name} in it`)
}

function loginModule(reader: TokenReader): LoginModule {
  const className = reader.word('the class of a login module')
  const flag = reader.word(`one of ${flags.join(', ')}`).toLowerCase()
  if (!flags.includes(flag)) throw reader.fault(`one of ${flags.join(', ')}`)
  const options: Record<string, string> = {}
  while (!reader.skip(';')) {
    const option = reader.word('the name of an option or a semicolon')
    reader.expect('=')
    options[option] = reader.word(`the value of ${option}`)
  }
  return { class: className, flag, options }
}

class TokenReader {
  readonly #tokens: { readonly text: string; readonly isQuoted: boolean; readonly line: number }[]
  #next = 0

  constructor(text: string) {
    this.#tokens = [...text.matchAll(token)]
      .filter(([whole]) => !/^\/[/*]/.test(whole))
      .map(({ 0: whole, 1: quoted, index }) => ({
        text: quoted === undefined ? whole : quoted.replace(/\\(.)/g, '$1'),
        isQuoted: quoted !== undefined,
        line: text.slice(0, index).split('\n').length,
      }))
  }

  get atEnd(): boolean {
    return this.#next >= this.#tokens.length
  }

  skip(sign: string): boolean {
    const found = this.#tokens[this.#next]
    if (found === undefined || found.isQuoted || found.text !== sign) return false
    this.#next++
    return true
  }

  expect(sign: string): void {
    if (!this.skip(sign)) throw this.fault(`"${sign}"`)
  }

  word(what: string): string {
    const found = this.#tokens[this.#next]
    if (found === undefined || (!found.isQuoted && /^[{};="]$/.test(found.text))) throw this.fault(what)
    this.#next++
    return found.text
  }

  fault(expected: string): RuntimeError {
    const line = this.#tokens[this.#next]?.line ?? this.#tokens.at(-1)?.line ?? 1
    return new RuntimeError(`${expected} is expected in line ${line}`)
  }
}
