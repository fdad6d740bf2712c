import type { ConfigKeyDefinition } from '../../connect/index.ts'

const importances = ['HIGH', 'MEDIUM', 'LOW']

/**
 * Keys as a form shows them: those without a group first, then group by group in the order of their first key; within,
 * by order, required ones first, by importance, by name.
 */
export function inFormOrder(keys: readonly ConfigKeyDefinition[]): ConfigKeyDefinition[] {
  const groups: (string | null)[] = [null, ...new Set(keys.map(({ group }) => group).filter((group) => group !== null))]
  return keys.toSorted(
    (a, b) =>
      groups.indexOf(a.group) - groups.indexOf(b.group) ||
      a.orderInGroup - b.orderInGroup ||
      Number(b.required) - Number(a.required) ||
      importances.indexOf(a.importance) - importances.indexOf(b.importance) ||
      (a.name < b.name ? -1 : 1),
  )
}
