import type { MetricsSource } from './group.ts'
import { Exposition } from './exposition.ts'
import { addGroups } from './prometheus.ts'
import { ProcessMetrics } from './process-metrics.ts'
import type { NameStyle } from './prometheus-names.ts'

/** The page that Prometheus reads. */
export class MetricsPage {
  readonly #source: MetricsSource
  readonly #process = new ProcessMetrics()

  constructor(source: MetricsSource) {
    this.#source = source
  }

  /** The page's text in pieces: the worker's metrics under the names of each style, and those of the process. */
  async render(styles: readonly NameStyle[]): Promise<Iterable<string>> {
    const page = new Exposition()
    this.#process.addTo(page)
    await addGroups(page, await this.#source.collect(), styles)
    return page.chunks()
  }

  close(): void {
    this.#process.close()
  }
}
