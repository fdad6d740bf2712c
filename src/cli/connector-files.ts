import { readFileSync } from 'node:fs'
import { parseProperties } from '../base/properties.ts'
import type { TargetState } from '../runtime/index.ts'
import { CommandError, ExitCode } from './exit-codes.ts'
import type { Properties } from './properties.ts'

/** A connector as a file on the command line describes it. */
export interface ConnectorFile {
  readonly name: string
  readonly config: Properties
  readonly initialState: TargetState | null
}

const states: Readonly<Record<string, TargetState>> = { RUNNING: 'STARTED', PAUSED: 'PAUSED', STOPPED: 'STOPPED' }

/**
 * Reads a connector file in any of the three forms that Kafka Connect's standalone worker takes: a JSON object of
 * settings with a `name`, a JSON request as for `POST /connectors`, or a properties file. Throws {@link CommandError}.
 */
export function readConnectorFile(file: string): ConnectorFile {
  let text: string
  try {
    // Some editors begin files with a byte-order mark.
    text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '')
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message
    throw new CommandError(`Cannot read the connector file ${file}: ${reason}`, ExitCode.environment, { cause: error })
  }
  const json = parseObject(text)
  const found = json === null ? settings(parseProperties(text)) : (settings(json) ?? request(json, file))
  if (found !== null) return found
  throw new CommandError(
    `The connector file ${file} names no connector: it takes properties or a JSON object with a "name", or a JSON request {"name", "config"}`,
    ExitCode.environment,
  )
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

/** Flat settings; null when they are none, or have no name. */
function settings(values: Readonly<Record<string, unknown>>): ConnectorFile | null {
  const config: Properties = {}
  for (const [key, value] of Object.entries(values)) {
    if (typeof value === 'object' && value !== null) return null
    if (value !== null && value !== undefined) config[key] = textOf(value)
  }
  const { name } = config
  return name === undefined ? null : { name, config, initialState: null }
}

function request(json: Readonly<Record<string, unknown>>, file: string): ConnectorFile | null {
  const { name, config, initial_state: state = null } = json
  if (typeof name !== 'string' || typeof config !== 'object' || config === null) return null
  const flat = settings({ ...config, name: (config as Record<string, unknown>)['name'] ?? name })
  if (flat === null) return null
  if (flat.name !== name) {
    throw new CommandError(
      `The connector file ${file} has two names, ${name} and, in its config, ${flat.name}; leave one out, or make them equal`,
      ExitCode.environment,
    )
  }
  const initialState = state === null ? null : states[textOf(state).toUpperCase()]
  if (initialState === undefined) {
    throw new CommandError(
      `The connector file ${file} has the initial_state ${textOf(state)}; it may be RUNNING, PAUSED or STOPPED`,
      ExitCode.environment,
    )
  }
  return { ...flat, name, initialState }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
