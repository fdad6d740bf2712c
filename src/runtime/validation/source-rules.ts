import type { WorkerConfig } from '../worker-config.ts'
import type { Entries } from './entries.ts'

/** Rules of sources that depend on the worker or on what the connector can do. */
export function checkSource(entries: Entries, worker: WorkerConfig): void {
  const support = entries.get('exactly.once.support')
  if (support?.errors.length === 0 && support.value?.toLowerCase() === 'required') {
    if (worker.exactlyOnceSupport !== 'enabled')
      support.errors.push('This worker does not have exactly-once source support enabled.')
  }
  const boundary = entries.get('transaction.boundary')
  if (boundary?.errors.length === 0 && boundary.value?.toLowerCase() === 'connector') {
    boundary.errors.push(
      'The connector does not support connector-defined transaction boundaries with the given configuration. ' +
        'Please reconfigure it to use a different transaction boundary definition.',
    )
  }
}
