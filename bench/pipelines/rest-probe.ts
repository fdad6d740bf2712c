import { Agent, get } from 'node:http'

/** How long answers took, in milliseconds. */
export interface Latencies {
  readonly count: number
  readonly failed: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Asks for one page at a steady pace, whether or not the last answer has come, as many clients together would. */
export class RestProbe {
  readonly #url: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 32 })
  readonly #millis: number[] = []
  #failed = 0
  readonly #timer: NodeJS.Timeout
  readonly #startedAt = performance.now()
  #sent = 0

  constructor(url: string, perSecond: number) {
    this.#url = url
    // Timers come late in a busy process: what is due is counted by the clock, not by the ticks.
    this.#timer = setInterval(() => {
      const due = ((performance.now() - this.#startedAt) / 1000) * perSecond
      while (this.#sent < due) this.#ask()
    }, 1000 / perSecond)
  }

  stop(): Latencies {
    clearInterval(this.#timer)
    this.#agent.destroy()
    const sorted = this.#millis.toSorted((a, b) => a - b)
    const at = (part: number): number =>
      sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN
    return { count: sorted.length, failed: this.#failed, p50: at(0.5), p99: at(0.99), max: at(1) }
  }

  #ask(): void {
    this.#sent++
    const startedAt = performance.now()
    const request = get(this.#url, { agent: this.#agent }, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) this.#millis.push(performance.now() - startedAt)
        else this.#failed++
      })
    })
    request.once('error', () => this.#failed++)
  }
}
