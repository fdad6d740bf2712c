import { ShutdownError } from '../errors.ts'
import type { QueueWatch } from './queue-watch.ts'

/** What the queue is doing, or did last; for time-out messages and the health check. */
export interface Stage {
  readonly description: string
  readonly startedAt: Date
  /** Null while it runs. */
  readonly completedAt: Date | null
}

/**
 * Runs jobs one after the other: the herder's decisions all go through one such queue, so that none of them sees the
 * half-done work of another. Jobs must not wait for other jobs of the same queue.
 */
export class WorkQueue {
  #tail: Promise<unknown> = Promise.resolve()
  #stage: Stage | null = null
  #closed = false
  #watch: QueueWatch | null = null

  /** To be told of all jobs from now on. */
  watchBy(watch: QueueWatch): void {
    this.#watch = watch
  }

  get stage(): Stage | null {
    return this.#stage
  }

  /** Resolves or rejects as the job does. `description` completes the sentence "The worker is currently …". */
  run<T>(description: string, job: () => Promise<T> | T): Promise<T> {
    if (this.#closed) return Promise.reject(new ShutdownError('The worker is shutting down'))
    const watch = this.#watch
    watch?.given()
    const result = this.#tail.then(async () => {
      if (this.#closed) throw new ShutdownError('The worker is shutting down')
      return await this.#inStage(description, job)
    })
    const ended = (): void => watch?.ended()
    this.#tail = result.then(ended, ended)
    return result
  }

  /** Marks a step of the running job. */
  async step<T>(description: string, work: () => Promise<T> | T): Promise<T> {
    const outer = this.#stage
    try {
      return await this.#inStage(description, work)
    } finally {
      if (outer !== null && outer.completedAt === null) this.#stage = outer
    }
  }

  /** Resolves when all jobs that were given so far have ended. */
  async passed(): Promise<void> {
    await this.#tail
  }

  /** Lets the running job end and refuses all others. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#tail
  }

  async #inStage<T>(description: string, work: () => Promise<T> | T): Promise<T> {
    const startedAt = new Date()
    this.#stage = { description, startedAt, completedAt: null }
    try {
      return await work()
    } finally {
      this.#stage = { description, startedAt, completedAt: new Date() }
    }
  }
}

/** The sentence that follows `Request timed out`, or nothing when no stage is known. */
export function describeStage(stage: Stage | null): string {
  if (stage === null) return ''
  const began = `which began at ${stage.startedAt.toISOString()}`
  return stage.completedAt === null
    ? ` The worker is currently ${stage.description}, ${began}.`
    : ` The last operation the worker completed was ${stage.description}, ${began} and completed at ${stage.completedAt.toISOString()}.`
}
