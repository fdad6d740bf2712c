import { readFileSync } from 'node:fs'
import { parseProperties } from '../base/properties.ts'
import { CommandError, ExitCode } from './exit-codes.ts'

export type Properties = Record<string, string>

/** Reads a properties file and puts the overrides (`key=value`) on top. */
export function loadProperties(file: string | URL, overrides: readonly string[]): Properties {
  return { ...readFile(file), ...parseOverrides(overrides) }
}

function readFile(file: string | URL): Properties {
  try {
    return parseProperties(readFileSync(file, 'utf8'))
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : String((error as Error).message)
    throw new CommandError(`Cannot read the properties file ${String(file)}: ${reason}`, ExitCode.environment, {
      cause: error,
    })
  }
}

/** `key=value` texts as properties; the value may hold further `=`. */
export function parseOverrides(overrides: readonly string[]): Properties {
  const properties: Properties = {}
  for (const override of overrides) {
    const at = override.indexOf('=')
    if (at < 1) throw new CommandError(`--override takes key=value, not "${override}"`, ExitCode.usage)
    properties[override.slice(0, at).trim()] = override.slice(at + 1).trim()
  }
  return properties
}

/** Splits the properties of `millrace start`: those of the integrated broker carry the prefix `broker.`. */
export function splitBroker(properties: Properties): { broker: Properties; worker: Properties } {
  const broker: Properties = {}
  const worker: Properties = {}
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith('broker.')) broker[key.slice('broker.'.length)] = value
    else worker[key] = value
  }
  return { broker, worker }
}
