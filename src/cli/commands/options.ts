import type { Command } from 'commander'
import type { LogLevel } from '../../base/logger.ts'

/** Options that every command that runs a server has. */
export interface ServerOptions {
  readonly override: string[]
  readonly logLevel: LogLevel
}

const levels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** Adds `--override key=value …` and `--log-level` to a command. */
export function withServerOptions(command: Command): Command {
  return command
    .option('--override <key=value...>', 'set or replace properties of the file', collect, [])
    .option('--log-level <level>', `how much to log: ${levels.join(', ')}`, checkLevel, 'info')
}

function collect(value: string, previous: string[]): string[] {
  return [...previous, value]
}

function checkLevel(value: string): LogLevel {
  const level = levels.find((candidate) => candidate === value.toLowerCase())
  if (level === undefined) throw new Error(`"${value}" is not a log level`)
  return level
}
