import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** What a client gave back: a result, or the name and text of what it threw. */
export interface ClientAnswer {
  readonly result?: unknown
  readonly error?: string
  readonly message?: string
}

/** A client of another make in a process of its own, which reads calls and writes answers, one line of JSON each. */
export class ForeignClient {
  readonly #child: ChildProcess
  readonly #waiting: { resolve: (answer: ClientAnswer) => void; reject: (error: Error) => void }[] = []
  #errors = ''
  #ended: Error | null = null

  constructor(program: string, args: readonly string[], env = process.env) {
    const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child = child
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#waiting.shift()?.resolve(JSON.parse(line) as ClientAnswer)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text
    })
    child.stdin.on('error', () => undefined)
    child.on('error', (error) => this.#end(error))
    child.on('close', (code) => this.#end(new Error(`${program} ended with ${String(code)}:\n${this.#errors}`)))
  }

  /** Sends a call and waits for its answer, whichever it is. */
  ask(call: unknown): Promise<ClientAnswer> {
    if (this.#ended !== null) return Promise.reject(this.#ended)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
      this.#child.stdin?.write(`${JSON.stringify(call)}\n`)
    })
  }

  /** As `ask`, but throws what the client threw. */
  async call(call: unknown): Promise<unknown> {
    const { result, error, message } = await this.ask(call)
    if (error !== undefined) throw new Error(`${JSON.stringify(call)}: ${error}: ${message ?? ''}`)
    return result
  }

  close(): void {
    this.#child.stdin?.end()
    this.#child.kill()
  }

  #end(error: Error): void {
    this.#ended ??= error
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}
