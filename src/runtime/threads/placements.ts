import type { ConnectorTaskId, TargetState } from '../task-runner.ts'
import { connectorKey, taskKey } from './placement-keys.ts'
import type { TaskThread } from './task-thread.ts'

type Props = Readonly<Record<string, string>>

interface PlacementState {
  /** Changed by {@link Placements.move} only. */
  thread: TaskThread
  target: TargetState
  /** Its last reported state is FAILED: it is not started again by itself. */
  failed: boolean
  /** How often its thread was lost without a known culprit. */
  losses: number
}

/** A connector or task with the thread it is in and all that is needed to start it again in another. */
export type Placement = PlacementState &
  (
    | { readonly kind: 'connector'; readonly name: string; readonly props: Props }
    | { readonly kind: 'task'; readonly id: ConnectorTaskId; readonly connectorProps: Props; readonly taskProps: Props }
  )

type NewPlacement =
  | { kind: 'connector'; name: string; props: Props; target: TargetState; thread: TaskThread }
  | {
      kind: 'task'
      id: ConnectorTaskId
      connectorProps: Props
      taskProps: Props
      target: TargetState
      thread: TaskThread
    }

/** A connector alone hardly uses its thread. */
const CONNECTOR_LOAD = 0.01

/** Which connector or task is in which thread. */
export class Placements {
  readonly #byKey = new Map<string, Placement>()
  /** Kept rather than counted: it is asked for with every start, of which there may be thousands. */
  readonly #loads = new Map<TaskThread, { tasks: number; connectors: number }>()

  add(placement: NewPlacement): Placement {
    const added: Placement = { ...placement, failed: false, losses: 0 }
    const key = keyOf(added)
    this.remove(key)
    this.#byKey.set(key, added)
    this.#count(added, 1)
    return added
  }

  /** Puts it on another thread. */
  move(placement: Placement, thread: TaskThread): void {
    if (this.has(placement)) this.#count(placement, -1)
    placement.thread = thread
    if (this.has(placement)) this.#count(placement, 1)
  }

  get(key: string): Placement | null {
    return this.#byKey.get(key) ?? null
  }

  has(placement: Placement): boolean {
    return this.#byKey.get(keyOf(placement)) === placement
  }

  remove(key: string): Placement | null {
    const placement = this.get(key)
    if (placement !== null) this.#count(placement, -1)
    this.#byKey.delete(key)
    return placement
  }

  clear(): void {
    this.#byKey.clear()
    this.#loads.clear()
  }

  on(thread: TaskThread): Placement[] {
    return [...this.#byKey.values()].filter((placement) => placement.thread === thread)
  }

  /** The connector itself and its tasks. */
  ofConnector(name: string): Placement[] {
    return [...this.#byKey.values()].filter(
      (placement) => (placement.kind === 'task' ? placement.id.connector : placement.name) === name,
    )
  }

  load(thread: TaskThread): number {
    const load = this.#loads.get(thread)
    return load === undefined ? 0 : load.tasks + load.connectors * CONNECTOR_LOAD
  }

  #count({ kind, thread }: Placement, change: 1 | -1): void {
    const load = this.#loads.get(thread) ?? { tasks: 0, connectors: 0 }
    if (kind === 'task') load.tasks += change
    else load.connectors += change
    if (load.tasks === 0 && load.connectors === 0) this.#loads.delete(thread)
    else this.#loads.set(thread, load)
  }
}

function keyOf(placement: Placement): string {
  return placement.kind === 'task' ? taskKey(placement.id) : connectorKey(placement.name)
}
