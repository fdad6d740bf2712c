import { createContext, Script } from 'node:vm'

const LONGEST_MS = 250
const context = createContext({ run: null })
const script = new Script('run()')

/**
 * Runs what should take no time but may take for ever, like a regular expression that a user wrote on a text that another
 * one chose; null when it was ended for taking too long. For the main thread, which must not wait.
 */
export function inTime<T>(run: () => T): T | null {
  context['run'] = run
  try {
    return script.runInContext(context, { timeout: LONGEST_MS }) as T
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return null
    throw error
  } finally {
    context['run'] = null
  }
}
