import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const bin = join(fileURLToPath(new URL('../../src/cli/', import.meta.url)), 'bin.cjs')

/** A Millrace process under measurement or torture. */
export interface MillraceProcess {
  readonly pid: number
  readonly restUrl: string
  /** Milliseconds from the start of the process until it was ready; NaN before that. */
  readonly readyMs: number
  /** The last lines that it wrote, for messages. */
  output(): string
  /** Resident memory in bytes, or null where the system does not tell. */
  residentBytes(): number | null
  /** CPU seconds that it has used so far, or null where the system does not tell. */
  cpuSeconds(): number | null
  /** Asks it to stop and waits until it has. */
  stop(): Promise<void>
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>
  readonly exited: Promise<number | null>
}

export interface MillraceOptions {
  readonly command?: 'start' | 'worker' | 'broker' | 'standalone'
  readonly file?: string
  /** For `standalone`. */
  readonly connectors?: readonly string[]
  readonly overrides: Readonly<Record<string, string>>
  /** Where REST will answer; for `broker` nothing is waited for but the line that says that it is ready. */
  readonly restUrl: string
  readonly cwd?: string
  /** Is given everything that it writes. */
  readonly onOutput?: (text: string) => void
}

/** On a busy machine, many times what it takes. */
const READY_TIMEOUT_MS = 120_000

/** Starts `millrace …` and waits until it is ready. Throws with what it printed when it ends instead, or is ended for taking too long. */
export async function startMillrace(options: MillraceOptions): Promise<MillraceProcess> {
  const started = spawnMillrace(options)
  const limit = setTimeout(() => void started.kill(), READY_TIMEOUT_MS)
  try {
    await started.ready
  } finally {
    clearTimeout(limit)
  }
  return started
}

/** A process that may not be ready yet. */
export interface SpawnedMillrace extends MillraceProcess {
  /** Resolves when it says that it is ready; rejects with what it printed when it ends before. */
  readonly ready: Promise<void>
}

/** Starts `millrace …` without waiting for anything, so that it can be killed while it starts. */
export function spawnMillrace(options: MillraceOptions): SpawnedMillrace {
  const { command = 'start', file, connectors = [], overrides, restUrl, cwd, onOutput } = options
  const args = [bin, command, ...(file === undefined ? [] : [file]), ...connectors]
  for (const [key, value] of Object.entries(overrides)) args.push('--override', `${key}=${value}`)
  const startedAt = performance.now()
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  })
  const lines: string[] = []
  let readyMs = Number.NaN
  // Not 'exit', which may come before the last of the output.
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)))
  const ready = new Promise<void>((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      lines.push(chunk.toString())
      onOutput?.(chunk.toString())
      if (lines.length > 200) lines.shift()
      if (!chunk.includes('Millrace is ready')) return
      readyMs = performance.now() - startedAt
      resolve()
    }
    child.stdout.on('data', onData)
    child.stderr.on('data', onData)
    void exited.then((code) => reject(new Error(`millrace ${command} ended with code ${code}:\n${lines.join('')}`)))
  })
  ready.catch(() => undefined)
  return {
    pid: child.pid ?? -1,
    restUrl,
    ready,
    get readyMs() {
      return readyMs
    },
    output: () => lines.join(''),
    residentBytes: () => residentBytes(child.pid),
    cpuSeconds: () => cpuSeconds(child.pid),
    stop: () => end(child, 'SIGTERM', exited),
    kill: () => end(child, 'SIGKILL', exited),
    exited,
  }
}

async function end(child: ChildProcess, signal: NodeJS.Signals, exited: Promise<number | null>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal)
  await exited
}

function residentBytes(pid: number | undefined): number | null {
  const line = readProc(pid, 'status')?.match(/^VmRSS:\s+(\d+) kB/m)
  return line ? Number(line[1]) * 1024 : null
}

/** Clock ticks of Linux's process times, which the kernel has fixed at 100 for user space. */
const TICKS_PER_SECOND = 100

/** CPU seconds that a process has used so far, or null where the system does not tell. */
export function cpuSeconds(pid: number | undefined): number | null {
  const stat = readProc(pid, 'stat')
  if (stat === null) return null
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

function readProc(pid: number | undefined, name: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return null
  }
}
