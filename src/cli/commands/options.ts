import { type Command, InvalidArgumentError, Option } from 'commander'
import { type LevelWord, LogLevels, parseLevel, ROOT_LOGGER } from '../../base/log-levels.ts'
import { createLogger, type Logger, type LogLevel } from '../../base/logger.ts'

/** Options that every command that runs a server has. */
export interface ServerOptions {
  readonly override: string[]
  readonly logLevel: ChosenLevels
}

/** How much to log. */
export interface ChosenLevels {
  readonly root: LogLevel
  /** Loggers, or parts of their names up to a dot, with levels of their own. */
  readonly named: readonly (readonly [logger: string, level: LevelWord])[]
}

const levels: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** Adds `--override` and `--log-level`, which may be repeated, to a command. */
export function withServerOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--override <key=value>', 'set or replace a property of the file (may be repeated)')
        .argParser(collect)
        .default([], 'none'),
    )
    .addOption(
      new Option(
        '--log-level <[logger=]level>',
        `how much to log, or how much one logger logs (may be repeated): ${levels.join(', ')}`,
      )
        .argParser(collectLevel)
        .default({ root: 'info', named: [] }, 'info'),
    )
}

/** The logger of a command that runs a server. */
export function serverLogger({ root, named }: ChosenLevels, part: string): Logger {
  const chosen = new LogLevels(wordOf(root))
  chosen.restore([...chosen.snapshot(), ...named])
  for (const [name] of named) chosen.know(name)
  return createLogger({ level: root, levels: chosen, bindings: { part } })
}

function collect(value: string, previous: string[]): string[] {
  return [...previous, value]
}

function collectLevel(value: string, previous: ChosenLevels): ChosenLevels {
  const at = value.lastIndexOf('=')
  const level = checkLevel(value.slice(at + 1))
  const name = value.slice(0, Math.max(0, at)).trim()
  if (at < 0 || name.toLowerCase() === ROOT_LOGGER) return { ...previous, root: level }
  if (name === '') throw new InvalidArgumentError(`"${value}" names no logger before the =`)
  return { ...previous, named: [...previous.named, [name, wordOf(level)]] }
}

function checkLevel(value: string): LogLevel {
  const text = value.trim().toLowerCase()
  const level = levels.find((candidate) => candidate === (text === 'off' ? 'silent' : text))
  if (level === undefined) throw new InvalidArgumentError(`"${value}" is not a log level`)
  return level
}

function wordOf(level: LogLevel): LevelWord {
  return parseLevel(level) ?? 'OFF'
}
