/** Media type of Prometheus' text format. */
export const expositionType = 'text/plain; version=0.0.4; charset=utf-8'

interface Family {
  readonly help: string
  readonly type: 'counter' | 'gauge'
  readonly lines: string[]
}

/**
 * Collects series and writes them in Prometheus' text format, version 0.0.4: each family once, with its HELP and TYPE.
 * Names that end in `_total` are counters, all others gauges.
 */
export class Exposition {
  readonly #families = new Map<string, Family>()

  /** `labels` as {@link labelsText} gives them. */
  add(name: string, help: string, labels: string, value: number): void {
    let family = this.#families.get(name)
    if (family === undefined) {
      family = { help, type: name.endsWith('_total') ? 'counter' : 'gauge', lines: [] }
      this.#families.set(name, family)
    }
    family.lines.push(`${name}${labels} ${numberText(value)}`)
  }

  /** The text, a family at a time: a page of a large worker has millions of characters. */
  *chunks(): Generator<string> {
    for (const [name, { help, type, lines }] of this.#families) {
      yield `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${lines.join('\n')}\n`
    }
  }

  toString(): string {
    return [...this.chunks()].join('')
  }
}

/** `{a="b",c="d"}`, empty for no labels. */
export function labelsText(labels: readonly (readonly [name: string, value: string])[]): string {
  if (labels.length === 0) return ''
  return `{${labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',')}}`
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (value === Infinity) return '+Inf'
  if (value === -Infinity) return '-Inf'
  return String(value)
}

function escapeLabel(value: string): string {
  return /[\\"\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : value
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}
