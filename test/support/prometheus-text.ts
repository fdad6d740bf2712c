/** A family of series of a page in Prometheus' text format. */
export interface ParsedFamily {
  readonly type: string
  readonly help: string
  readonly series: ParsedSeries[]
}

export interface ParsedSeries {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/

/**
 * Reads a page as strictly as the format's description has it: each family in one piece with HELP and TYPE first, no series
 * twice, only known escapes, a line end behind the last line. @throws Error that names the line
 */
export function parsePrometheusText(text: string): Map<string, ParsedFamily> {
  const families = new Map<string, ParsedFamily>()
  const seen = new Set<string>()
  if (!text.endsWith('\n')) throw new Error('the last line has no end')
  let current = ''
  let help: { name: string; text: string } | null = null
  for (const line of text.slice(0, -1).split('\n')) {
    const fail = (reason: string): never => {
      throw new Error(`${reason}: ${line}`)
    }
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line)
    if (comment !== null) {
      const [, kind, name = '', rest = ''] = comment
      if (!metricName.test(name)) fail('not a metric name')
      if (kind === 'HELP') {
        if (families.has(name)) fail('a family in two pieces')
        if (!/^(?:[^\\]|\\[\\n])*$/.test(rest)) fail('unknown escape')
        help = { name, text: rest }
      } else {
        if (help?.name !== name) fail('TYPE without HELP before it')
        if (!['counter', 'gauge'].includes(rest)) fail('unknown type')
        families.set(name, { type: rest, help: help?.text ?? '', series: [] })
        current = name
      }
      continue
    }
    const sample = /^([^\s{]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? fail('not a sample')
    const [, name = '', labelText, valueText = ''] = sample
    if (name !== current) fail('a sample outside of its family')
    const key = `${name}{${labelText ?? ''}}`
    if (seen.has(key)) fail('a series twice')
    seen.add(key)
    families.get(name)?.series.push({ labels: parseLabels(labelText ?? '', fail), value: parseValue(valueText, fail) })
  }
  return families
}

function parseLabels(text: string, fail: (reason: string) => never): Record<string, string> {
  const labels: Record<string, string> = {}
  let rest = text
  while (rest !== '') {
    const match = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(?:,(?=[a-zA-Z_])|$)/.exec(rest)
    if (match === null) return fail('labels that cannot be read')
    const [whole, name = '', value = ''] = match
    if (name in labels || name.startsWith('__')) fail(`label ${name}`)
    labels[name] = value.replaceAll(/\\([\\n"])/g, (_escape, c: string) => (c === 'n' ? '\n' : c))
    rest = rest.slice(whole.length)
  }
  return labels
}

function parseValue(text: string, fail: (reason: string) => never): number {
  if (text === 'NaN') return Number.NaN
  if (text === '+Inf') return Infinity
  if (text === '-Inf') return -Infinity
  if (!/^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) fail('not a number')
  return Number(text)
}
