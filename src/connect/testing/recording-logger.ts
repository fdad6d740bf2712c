import type { PluginLogger } from '../connector.ts'

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: object
  readonly message: string
}

/** A logger that keeps its lines, for a test to look at. */
export class RecordingLogger implements PluginLogger {
  readonly lines: LogLine[] = []

  debug(fields: object, message: string): void {
    this.lines.push({ level: 'debug', fields, message })
  }

  info(fields: object, message: string): void {
    this.lines.push({ level: 'info', fields, message })
  }

  warn(fields: object, message: string): void {
    this.lines.push({ level: 'warn', fields, message })
  }

  error(fields: object, message: string): void {
    this.lines.push({ level: 'error', fields, message })
  }
}
