/** What the process ends with; the only place that maps errors to codes. */
export const ExitCode = {
  ok: 0,
  /** It ran and failed. */
  runtime: 1,
  /** What was asked for is wrong: an option, a property, a file's contents. */
  usage: 2,
  /** The surroundings are wrong: a port in use, a folder that cannot be written, a file that is not there. */
  environment: 3,
} as const

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** An error for the person at the terminal: shown as its message alone. */
export class CommandError extends Error {
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CommandError'
    this.exitCode = exitCode
  }
}

const usageErrors = new Set(['WorkerConfigError', 'BrokerConfigError', 'ConfigError', 'ClientConfigError'])
const environmentErrors = new Set(['StorageError', 'ListenError'])
const environmentCodes = new Set(['EADDRINUSE', 'EACCES', 'ENOENT', 'EROFS', 'ENOSPC', 'EADDRNOTAVAIL', 'EPERM'])

/** The exit code that fits an error, by its kind. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandError) return error.exitCode
  if (!(error instanceof Error)) return ExitCode.runtime
  if (usageErrors.has(error.name)) return ExitCode.usage
  const { code } = error as { code?: unknown }
  if (environmentErrors.has(error.name) || (typeof code === 'string' && environmentCodes.has(code)))
    return ExitCode.environment
  return ExitCode.runtime
}
