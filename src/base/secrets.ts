/** The oldest are forgotten beyond this many: configurations change for as long as a worker runs. */
const MOST_SECRETS = 2000

// Of this thread: each has a logger of its own, and is told what to hide by the one that started it.
const secrets = new Set<string>()
const listeners = new Set<(values: readonly string[]) => void>()
let needles: readonly string[] = []

/** From now on, no log line of this thread, and of those that listen, shows these values. */
export function hideInLogs(values: readonly string[]): void {
  const added = values.filter((value) => value !== '' && !secrets.has(value))
  if (added.length === 0) return
  for (const value of added) secrets.add(value)
  for (const oldest of secrets) {
    if (secrets.size <= MOST_SECRETS) break
    secrets.delete(oldest)
  }
  needles = [...new Set([...secrets].flatMap(escapedForms))].toSorted((a, b) => b.length - a.length)
  for (const listener of listeners) listener(added)
}

/** What is hidden so far, for a thread that is about to start. */
export function hiddenInLogs(): string[] {
  return [...secrets]
}

/** Calls `listener` with every value that is to be hidden too. @returns what ends that */
export function onHiddenInLogs(listener: (values: readonly string[]) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** A log line with `[hidden]` in place of every secret, also of those that stand in it as JSON within JSON. */
export function withoutSecrets(line: string): string {
  return needles.reduce((shown, needle) => shown.replaceAll(needle, '[hidden]'), line)
}

function escapedForms(secret: string): string[] {
  const once = JSON.stringify(secret).slice(1, -1)
  return [secret, once, JSON.stringify(once).slice(1, -1)]
}
