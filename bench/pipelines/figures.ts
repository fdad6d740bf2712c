/** One measured figure, as machines read it. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** Beside what it is measured: the limit or the peer of the same run. */
  readonly ratio?: number
  readonly ratioOf?: string
}

/** Collects figures, prints each as one JSON line at once, and a table for people at the end. */
export class Figures {
  readonly #figures: Figure[] = []

  add(name: string, value: number, unit: string, of?: { readonly value: number; readonly name: string }): void {
    const figure: Figure = {
      name,
      value: round(value),
      unit,
      ...(of === undefined || of.value === 0 ? {} : { ratio: round(value / of.value), ratioOf: of.name }),
    }
    this.#figures.push(figure)
    console.log(JSON.stringify(figure))
  }

  table(): string {
    const width = Math.max(...this.#figures.map(({ name }) => name.length))
    return this.#figures
      .map(({ name, value, unit, ratio, ratioOf }) => {
        const number = value.toLocaleString('en', { maximumFractionDigits: 3 }).padStart(12)
        return `${name.padEnd(width)} ${number} ${unit}${ratio === undefined ? '' : `   (${ratio} × ${ratioOf ?? ''})`}`
      })
      .join('\n')
  }
}

function round(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))
}
