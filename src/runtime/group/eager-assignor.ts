import type { Work } from './work.ts'
import { compareTasks } from './work.ts'

/**
 * The assignment of protocol version 0: connectors in sorted order over the members sorted by id, round-robin, and
 * then all tasks in the same round.
 */
export function assignEagerly(configured: Work, members: readonly string[]): Map<string, Work> {
  const sorted = members.toSorted()
  const connectors = new Map(sorted.map((member) => [member, [] as string[]]))
  const tasks = new Map(sorted.map((member) => [member, [] as Work['tasks'][number][]]))
  let turn = 0
  const next = (): string => sorted[turn++ % sorted.length] as string
  for (const connector of configured.connectors.toSorted()) connectors.get(next())?.push(connector)
  for (const task of configured.tasks.toSorted(compareTasks)) tasks.get(next())?.push(task)
  return new Map(
    sorted.map((member) => [member, { connectors: connectors.get(member) ?? [], tasks: tasks.get(member) ?? [] }]),
  )
}
