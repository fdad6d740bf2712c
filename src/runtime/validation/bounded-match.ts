import { Script } from 'node:vm'
import type { JavaRegex } from '../../connect/index.ts'

const LONGEST_MS = 100
const script = new Script('regex.matches(text)')

/**
 * Whether an expression of a user matches a text whole; null when that takes too long, as it can for some expressions and
 * texts. For the main thread, which must not wait.
 */
export function matchesInTime(regex: JavaRegex, text: string): boolean | null {
  try {
    return script.runInNewContext({ regex, text }, { timeout: LONGEST_MS }) as boolean
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return null
    throw error
  }
}
