/** Configuration as stored: all values are text. */
export type Props = Readonly<Record<string, string | undefined>>

/** The properties whose names begin with `prefix`, without it. */
export function propsWithPrefix(props: Props, prefix: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const key of Object.keys(props)) {
    if (key.length <= prefix.length || !key.startsWith(prefix)) continue
    const value = props[key]
    if (value !== undefined) found[key.slice(prefix.length)] = value
  }
  return found
}

/** A LIST: split on commas, blanks around entries trimmed, empty entries left out. */
export function listProp(props: Props, key: string): string[] {
  return (props[key] ?? '')
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}

export function booleanProp(props: Props, key: string, byDefault: boolean): boolean {
  const text = props[key]?.trim().toLowerCase()
  return text === undefined || text === '' ? byDefault : text === 'true'
}

/** A number; the default also for text that is none, since the worker validated its settings at start. */
export function numberProp(props: Props, key: string, byDefault: number): number {
  const text = props[key]?.trim()
  if (text === undefined || text === '') return byDefault
  const value = Number(text)
  return Number.isFinite(value) ? value : byDefault
}
