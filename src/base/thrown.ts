/** An error and its causes, and theirs; what is farther down is not looked at. */
const MOST_CAUSES = 10

/**
 * What plugin code threw, fit to be read, shown and logged: itself, if its texts are texts. Anything can be thrown, and an
 * object whose `message` throws, or whose `stack` is no text, must not make its failure one of those who tell of it.
 */
export function presentable(thrown: unknown): unknown {
  if (isPresentable(thrown)) return thrown
  const error = new Error(textOf(thrown))
  const stack = read(thrown, 'stack')
  if (typeof stack === 'string') error.stack = stack
  return error
}

function isPresentable(thrown: unknown): boolean {
  let current = thrown
  for (let depth = 0; depth < MOST_CAUSES && typeof current === 'object' && current !== null; depth++) {
    try {
      if (!(current instanceof Error)) {
        // Throws if it cannot be shown.
        String(current as unknown)
        return true
      }
      const { name, message, stack, cause } = current
      if (typeof name !== 'string' || typeof message !== 'string') return false
      if (typeof stack !== 'string' && stack !== undefined) return false
      current = cause
    } catch {
      return false
    }
  }
  return true
}

function textOf(thrown: unknown): string {
  const message = read(thrown, 'message')
  if (typeof message === 'string') return message
  try {
    return String(thrown)
  } catch {
    return 'Something was thrown that cannot be shown as text'
  }
}

function read(thrown: unknown, name: string): unknown {
  try {
    return (thrown as Record<string, unknown>)[name]
  } catch {
    return undefined
  }
}
