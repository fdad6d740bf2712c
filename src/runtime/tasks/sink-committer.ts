import { withDeadline } from '../../base/deadline.ts'
import type { SinkTask, TopicPartition, TopicPartitionOffset } from '../../connect/index.ts'
import type { ErrorHandler } from '../errors/error-handler.ts'
import type { ErrantRecords } from '../errors/errant-records.ts'
import type { SinkTaskMeter } from '../metrics/task-meter.ts'
import type { SinkConsumer } from './sink-input.ts'
import type { SinkOffsets } from './sink-offsets.ts'
import type { TaskEnvironment } from './task-environment.ts'

/** Totals of a sink task's commits, for its metrics. */
export interface CommitCounters {
  /** The number of the newest commit. */
  sequence: number
  completed: number
  /** Completions that came after a newer commit had begun. */
  skipped: number
  failed: number
}

export interface SinkCommitterDeps {
  readonly env: Pick<TaskEnvironment, 'scope' | 'logger' | 'config'>
  readonly task: SinkTask
  readonly consumer: SinkConsumer
  readonly offsets: SinkOffsets
  readonly errors: ErrorHandler
  readonly errant: ErrantRecords | null
  /** True when the task was given up: it must not commit any more. */
  readonly isCancelled: () => boolean
  /** A commit has ended: when the next one is due can be asked again. */
  readonly onCompleted: () => void
  readonly meter?: SinkTaskMeter
}

/**
 * Commits what a sink task has been given and is done with: at intervals and when it asks for it without waiting for the
 * answer, and once more, waiting, when partitions are closed.
 */
export class SinkCommitter {
  readonly counters: CommitCounters = { sequence: 0, completed: 0, skipped: 0, failed: 0 }
  readonly #deps: SinkCommitterDeps
  readonly #now: () => number
  #isRequested = false
  #dueAt: number
  #isCommitting = false
  #startedAt = 0
  #underway: Promise<void> = Promise.resolve()

  constructor(deps: SinkCommitterDeps, now: () => number = () => performance.now()) {
    this.#deps = deps
    this.#now = now
    this.#dueAt = now() + deps.env.config.offsetFlushIntervalMs
  }

  get isCommitting(): boolean {
    return this.#isCommitting
  }

  /** Commit at the next occasion. */
  request(): void {
    this.#isRequested = true
  }

  /** Milliseconds until {@link commitIfDue} has something to do, unless `onCompleted` is called before. */
  get untilDueMs(): number {
    const at = this.#isCommitting
      ? this.#startedAt + this.#deps.env.config.offsetFlushTimeoutMs
      : this.#isRequested
        ? 0
        : this.#dueAt
    return Math.max(0, at - this.#now())
  }

  /**
   * Begins a commit if one is due. False when the task could not prepare it: what it was given since the last commit may be
   * lost to it and has to be given again.
   */
  async commitIfDue(): Promise<boolean> {
    this.#giveUpIfLate()
    if (this.#isCommitting || !(this.#isRequested || this.#now() >= this.#dueAt)) return true
    this.#isRequested = false
    this.#dueAt = this.#now() + this.#deps.env.config.offsetFlushIntervalMs
    const { offsets } = this.#deps
    await this.#reportsKept(offsets.assignment())
    const current = offsets.current()
    if (current.length === 0 || this.#deps.isCancelled()) return true
    const sequence = this.#begin()
    const due = await this.#prepare(current, sequence, false)
    if (due === null) return false
    if (due.length > 0) this.#underway = this.#send(due, sequence)
    return true
  }

  /**
   * Closes partitions: the task prepares a commit, is told to close them, and the commit is awaited. Whatever fails is
   * logged, except what `close` throws, which is thrown when the rest is done. Nothing is committed when a record that the
   * task reported could not be kept, which is thrown as well.
   */
  async close(partitions: readonly TopicPartition[], close: () => Promise<void>): Promise<void> {
    const { offsets } = this.#deps
    try {
      await this.#reportsKept(partitions)
    } catch (error) {
      await close()
      throw error
    }
    const current = offsets.current(partitions)
    const sequence = this.#begin()
    const due = await this.#prepare(current, sequence, true, close)
    if (due === null || due.length === 0 || this.#deps.isCancelled()) return
    // An older commit that is still being tried must not come to the broker after this one.
    await this.#underway
    await this.#send(due, sequence)
  }

  /** What was skipped or reported must be kept as dead letters before it is committed. */
  async #reportsKept(partitions: readonly TopicPartition[]): Promise<void> {
    const { errors, errant } = this.#deps
    await errant?.settled(partitions)
    await errors.reported()
  }

  #begin(): number {
    this.#isCommitting = true
    this.#startedAt = this.#now()
    this.#deps.meter?.commitStarted()
    return ++this.counters.sequence
  }

  /** The offsets to commit; null when the task could not say. */
  async #prepare(
    current: readonly TopicPartitionOffset[],
    sequence: number,
    closing: boolean,
    close?: () => Promise<void>,
  ): Promise<readonly TopicPartitionOffset[] | null> {
    const { env, offsets } = this.#deps
    let asked: readonly TopicPartitionOffset[]
    try {
      asked = await this.#preCommit(current)
    } catch (error) {
      const then = closing ? '' : ', rewinding to last committed offsets'
      env.logger.error({ err: error }, `Offset commit failed${closing ? ' during close' : ''}${then}`)
      this.#completed(error, sequence, [])
      return null
    } finally {
      await close?.()
    }
    const due = asked.length === 0 ? [] : offsets.committable(asked, current, env.logger)
    if (due.length === 0) this.#completed(null, sequence, [])
    return due
  }

  async #preCommit(current: readonly TopicPartitionOffset[]): Promise<readonly TopicPartitionOffset[]> {
    const { env, task } = this.#deps
    if (task.preCommit !== undefined) return (await env.scope.call('preCommit', () => task.preCommit?.(current))) ?? []
    if (task.flush !== undefined) await env.scope.call('flush', () => task.flush?.(current))
    return current
  }

  /** Never rejects. */
  async #send(due: readonly TopicPartitionOffset[], sequence: number): Promise<void> {
    const { consumer, env } = this.#deps
    const timeoutMs = env.config.offsetFlushTimeoutMs
    try {
      await withDeadline(consumer.commit([...due], { timeoutMs }), timeoutMs, 'Committing offsets')
      this.#completed(null, sequence, due)
    } catch (error) {
      this.#completed(error, sequence, due)
    }
  }

  #completed(error: unknown, sequence: number, due: readonly TopicPartitionOffset[]): void {
    const { env, offsets } = this.#deps
    if (sequence !== this.counters.sequence) {
      this.counters.skipped++
      this.#deps.meter?.commitSkipped()
      env.logger.debug({ sequence, newest: this.counters.sequence }, 'A commit ended after a newer one had begun')
      return
    }
    this.#isCommitting = false
    this.#deps.onCompleted()
    if (error === null) {
      this.counters.completed++
      offsets.committed(due)
      if (due.length > 0) env.logger.debug({ sequence, partitions: due.length }, 'Committed offsets')
      this.#deps.meter?.committed(this.#now() - this.#startedAt)
      this.#deps.meter?.active(offsets.uncommitted())
      return
    }
    this.counters.failed++
    this.#deps.meter?.commitFailed()
    if (due.length > 0) {
      env.logger.error({ err: error, sequence }, 'Commit of offsets failed; the next commit tries again')
    }
  }

  #giveUpIfLate(): void {
    const { env } = this.#deps
    if (!this.#isCommitting || this.#now() < this.#startedAt + env.config.offsetFlushTimeoutMs) return
    env.logger.warn({ sequence: this.counters.sequence }, 'Commit of offsets timed out')
    this.counters.failed++
    this.#deps.meter?.commitFailed()
    this.#isCommitting = false
  }
}
