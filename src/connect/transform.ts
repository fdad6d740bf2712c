import type { RowPlan } from './batches.ts'
import type { ConfigDeclaration } from './config/declaration.ts'
import type { PluginIdentity } from './connector.ts'
import type { ConnectRecord } from './records.ts'

/** Changes one record, or drops it by returning null. Throws `DataError` for a record that it cannot handle. */
export interface Transform {
  apply<R extends ConnectRecord>(record: R): R | null
  /**
   * Fast path: the same change made once to the plan of a whole row batch, `dropped` when none of its rows is kept, or
   * null when this transform (or this plan) needs records.
   */
  applyToPlan?(plan: RowPlan): RowPlan | 'dropped' | null
  close?(): void
}

export interface TransformPlugin<P = unknown> extends PluginIdentity {
  readonly kind: 'transformation'
  readonly config: ConfigDeclaration<P>
  create(props: P): Transform
}

export interface Predicate {
  test(record: ConnectRecord): boolean
  /** Fast path: the same answer for all rows of a plan, or null when it depends on the record. */
  testPlan?(plan: RowPlan): boolean | null
  close?(): void
}

export interface PredicatePlugin<P = unknown> extends PluginIdentity {
  readonly kind: 'predicate'
  readonly config: ConfigDeclaration<P>
  create(props: P): Predicate
}

export function defineTransform<P>(plugin: Omit<TransformPlugin<P>, 'kind'>): TransformPlugin<P> {
  return { ...plugin, kind: 'transformation' }
}

export function definePredicate<P>(plugin: Omit<PredicatePlugin<P>, 'kind'>): PredicatePlugin<P> {
  return { ...plugin, kind: 'predicate' }
}
