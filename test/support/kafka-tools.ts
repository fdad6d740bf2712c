import { join } from 'node:path'
import { withDeadline } from '../../src/base/deadline.ts'
import { JVM } from './apache-kafka.ts'
import { ForeignClient } from './foreign-client.ts'

const RUN_TIMEOUT_MS = 90_000

/** How a tool ended and what it printed. */
export interface ToolOutcome {
  readonly code: number
  readonly output: string
  readonly errors: string
}

/** Apache Kafka's own command line tools, run one after the other in one JVM. */
export class KafkaTools {
  readonly #classPath: string
  #runner: ForeignClient | null = null

  /** @param classPath as `kafkaLibs` gives it */
  constructor(classPath: string) {
    this.#classPath = classPath
  }

  /** Runs the tool of that main class to its end; `input` is on its standard input. */
  async run(mainClass: string, args: readonly string[], input = ''): Promise<ToolOutcome> {
    const program = join(import.meta.dirname, 'RunKafkaTools.java')
    this.#runner ??= new ForeignClient('java', [...JVM, '-Xmx512m', '-cp', this.#classPath, program])
    const running = this.#runner.call({ main: mainClass, args, input })
    return (await withDeadline(running, RUN_TIMEOUT_MS, mainClass)) as ToolOutcome
  }

  /** The same, for a tool that must not fail; gives its output. */
  async succeed(mainClass: string, args: readonly string[], input = ''): Promise<string> {
    const { code, output, errors } = await this.run(mainClass, args, input)
    if (code === 0) return output
    throw new Error(`${mainClass} ${args.join(' ')} ended with ${code}:\n${output}${errors}`)
  }

  close(): void {
    this.#runner?.close()
  }
}
