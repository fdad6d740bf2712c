import { isDeepStrictEqual } from 'node:util'
import { knownReason } from './known.ts'
import type { Answer } from './replay.ts'
import type { Scenario, Step } from './scenario.ts'

/** Where two workers answered differently. */
export interface Difference {
  readonly scenario: string
  readonly step: string
  /** `status`, `header …`, or the way to a part of the body: `body.tasks[0].state`. */
  readonly where: string
  readonly theirs: unknown
  readonly ours: unknown
  /** Why it is wanted; null when nobody decided that. */
  readonly known: string | null
}

/** Every difference between the answers to a scenario, in the order of its steps. */
export function differences(scenario: Scenario, theirs: readonly Answer[][], ours: readonly Answer[][]): Difference[] {
  return scenario.steps.flatMap((of, i) => {
    const [a = [], b = []] = [theirs[i], ours[i]]
    return a.flatMap((answer, j) => {
      const other = b[j]
      if (other === undefined) return []
      return parts(answer, other).map((found) => {
        const step = `${i + 1}: ${titleOf(of)}`
        const difference = { scenario: scenario.name, step, ...found, known: of.known ?? null }
        return { ...difference, known: difference.known ?? knownReason(difference) }
      })
    })
  })
}

function titleOf(step: Step): string {
  if ('until' in step) return `GET ${step.until} until ${JSON.stringify(step.is)}`
  const body = step.text ?? (step.body === undefined ? '' : JSON.stringify(step.body))
  return `${step.call} ${body}`.slice(0, 160).trim()
}

type Part = Pick<Difference, 'where' | 'theirs' | 'ours'>

function parts(theirs: Answer, ours: Answer): Part[] {
  const found: Part[] = []
  if (theirs.status !== ours.status) found.push({ where: 'status', theirs: theirs.status, ours: ours.status })
  for (const name of new Set([...Object.keys(theirs.headers), ...Object.keys(ours.headers)])) {
    if (theirs.headers[name] === ours.headers[name]) continue
    found.push({ where: `header ${name}`, theirs: theirs.headers[name], ours: ours.headers[name] })
  }
  bodies('body', theirs.body, ours.body, found)
  return found
}

function bodies(where: string, theirs: unknown, ours: unknown, found: Part[]): void {
  if (isDeepStrictEqual(theirs, ours)) {
    if (isObject(theirs) && isObject(ours) && Object.keys(theirs).join() !== Object.keys(ours).join()) {
      found.push({ where: `${where} (order of keys)`, theirs: Object.keys(theirs), ours: Object.keys(ours) })
    }
    return
  }
  if (Array.isArray(theirs) && Array.isArray(ours)) {
    const [a, b] = [byName(theirs), byName(ours)]
    if (a !== null && b !== null) return members(where, a, b, found)
    for (let i = 0; i < Math.max(theirs.length, ours.length); i++) bodies(`${where}[${i}]`, theirs[i], ours[i], found)
    return
  }
  if (isObject(theirs) && isObject(ours)) {
    members(where, new Map(Object.entries(theirs)), new Map(Object.entries(ours)), found)
    return
  }
  found.push({ where, theirs, ours })
}

function members(where: string, theirs: Map<string, unknown>, ours: Map<string, unknown>, found: Part[]): void {
  for (const key of new Set([...theirs.keys(), ...ours.keys()])) {
    bodies(`${where}.${key}`, theirs.get(key), ours.get(key), found)
  }
  const common = (from: Map<string, unknown>, other: Map<string, unknown>): string =>
    [...from.keys()].filter((key) => other.has(key)).join()
  if (common(theirs, ours) !== common(ours, theirs)) {
    found.push({ where: `${where} (order)`, theirs: [...theirs.keys()].join(' '), ours: [...ours.keys()].join(' ') })
  }
}

/** Validation answers are lists of named keys: a missing one must not shift all that follow. */
function byName(items: readonly unknown[]): Map<string, unknown> | null {
  const named = new Map<string, unknown>()
  for (const item of items) {
    if (!isObject(item)) return null
    const name = item['name'] ?? (item['value'] as { name?: unknown } | null)?.name ?? item['class']
    if (typeof name !== 'string' || named.has(name)) return null
    named.set(name, item)
  }
  return named.size === 0 ? null : named
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
