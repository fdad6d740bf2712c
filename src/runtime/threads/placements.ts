import type { ConnectorTaskId, TargetState } from '../task-runner.ts'
import type { TaskThread } from './task-thread.ts'

type Props = Readonly<Record<string, string>>

interface PlacementState {
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

  add(placement: NewPlacement): Placement {
    const added: Placement = { ...placement, failed: false, losses: 0 }
    this.#byKey.set(keyOf(added), added)
    return added
  }

  get(key: string): Placement | null {
    return this.#byKey.get(key) ?? null
  }

  has(placement: Placement): boolean {
    return this.#byKey.get(keyOf(placement)) === placement
  }

  remove(key: string): Placement | null {
    const placement = this.get(key)
    this.#byKey.delete(key)
    return placement
  }

  clear(): void {
    this.#byKey.clear()
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
    let load = 0
    for (const placement of this.#byKey.values()) {
      if (placement.thread === thread) load += placement.kind === 'task' ? 1 : CONNECTOR_LOAD
    }
    return load
  }
}

function keyOf(placement: Placement): string {
  return placement.kind === 'task' ? taskKey(placement.id) : connectorKey(placement.name)
}

export function taskKey(id: ConnectorTaskId): string {
  return `task ${id.connector} ${id.task}`
}

export function connectorKey(name: string): string {
  return `connector ${name}`
}
