import { Writable } from 'node:stream'
import { pino } from 'pino'
import type { Logger } from '../../src/base/logger.ts'

export interface LoggedLine {
  /** pino's: 30 is info, 40 warn. */
  readonly level: number
  readonly msg: string
  readonly [field: string]: unknown
}

/** A logger that keeps its lines. */
export function recordingPino(): { logger: Logger; lines: LoggedLine[] } {
  const lines: LoggedLine[] = []
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)) as LoggedLine)
      done()
    },
  })
  return { logger: pino({ level: 'trace' }, sink), lines }
}
