import { execFile, spawn } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

const INSTALL_TIMEOUT_MS = 120000

async function version(): Promise<string | null> {
  try {
    return (await run('kcat', ['-V'])).stdout
  } catch {
    return null
  }
}

/** Why kcat cannot be used here, for `test.skip`; false if it can. As root on Debian it is installed when it is missing. */
export async function kcatMissing(): Promise<string | false> {
  if ((await version()) !== null) return false
  const advice = 'kcat is not installed (Debian: apt-get install kcat)'
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return advice
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = ['install', '-y', '--no-install-recommends', 'kcat']
  const options = { env, timeout: INSTALL_TIMEOUT_MS }
  try {
    await run('apt-get', install, options).catch(async () => {
      await run('apt-get', ['update'], options)
      await run('apt-get', install, options)
    })
  } catch {
    return `${advice}, and it could not be installed`
  }
  return (await version()) === null ? advice : false
}

/** Runs kcat to its end with `input` on its standard input; gives what it printed. Rejects if it fails. */
export function kcat(args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('kcat', args, { stdio: ['pipe', 'pipe', 'pipe'] })
    let output = ''
    let errors = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text
    })
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve(output)
      else reject(new Error(`kcat ${args.join(' ')} ended with ${String(code)}: ${errors}`))
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}

/** A kcat that goes on until it is stopped. */
export interface RunningKcat {
  /** Lines of standard output so far. */
  readonly lines: readonly string[]
  /** Lines of standard error so far: rebalances are told there. */
  readonly errors: readonly string[]
  /** Resolves once `condition` holds; it is looked at after each line. Rejects after `timeoutMs`. */
  until(condition: () => boolean, what: string, timeoutMs?: number): Promise<void>
  stop(): Promise<void>
}

/** Starts kcat in the background. */
export function startKcat(args: readonly string[]): RunningKcat {
  const child = spawn('kcat', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  const errors: string[] = []
  const watchers = new Set<() => void>()
  const collect = (stream: NodeJS.ReadableStream, into: string[]): void => {
    let rest = ''
    stream.setEncoding('utf8')
    stream.on('data', (text: string) => {
      const parts = (rest + text).split('\n')
      rest = parts.pop() ?? ''
      into.push(...parts)
      for (const watcher of watchers) watcher()
    })
  }
  collect(child.stdout, lines)
  collect(child.stderr, errors)
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return {
    lines,
    errors,
    until(condition, what, timeoutMs = 20000) {
      return new Promise((resolve, reject) => {
        const watcher = (): void => {
          if (!condition()) return
          clearTimeout(timer)
          watchers.delete(watcher)
          resolve()
        }
        const timer = setTimeout(() => {
          watchers.delete(watcher)
          reject(new Error(`kcat: ${what} did not happen; it said: ${[...lines, ...errors].join('\n')}`))
        }, timeoutMs)
        watchers.add(watcher)
        watcher()
      })
    },
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}
