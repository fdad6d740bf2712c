import { setImmediate as nextTurn } from 'node:timers/promises'
import { declarationOf, type GroupDeclaration } from './declarations.ts'
import { Exposition, labelsText } from './exposition.ts'
import type { MetricGroup } from './group.ts'
import { type GroupNames, namesOf, type NameStyle } from './prometheus-names.ts'

/** After so many groups whatever else waits for this thread gets its turn. */
const GROUPS_PER_TURN = 50

/** Adds metric groups to a page, under the names of each style. */
export async function addGroups(
  page: Exposition,
  groups: readonly MetricGroup[],
  styles: readonly NameStyle[],
): Promise<void> {
  const names = new NameCache()
  for (const [i, group] of groups.entries()) {
    for (const style of styles) addGroup(page, group, names.get(group, style))
    if (i % GROUPS_PER_TURN === GROUPS_PER_TURN - 1) await nextTurn()
  }
}

function addGroup(page: Exposition, group: MetricGroup, names: GroupNames | null): void {
  if (names === null) return
  const tags: (readonly [string, string])[] = Object.values(group.tags).map((value, i) => [names.tags[i] ?? '', value])
  tags.push(...names.constants)
  const plain = labelsText(tags)
  for (const [attribute, value] of Object.entries(group.values)) {
    for (const { family, help, label, factor } of names.series[attribute] ?? []) {
      if (label !== null) page.add(family, help, labelsText([...tags, [label, String(value)]]), 1)
      else if (typeof value === 'number') page.add(family, help, plain, value * factor)
    }
  }
  if (names.info === null) return
  const texts = names.info.attributes.flatMap((name): [string, string][] => {
    const value = group.values[name]
    return value === undefined ? [] : [[name.replaceAll('-', '_'), String(value)]]
  })
  if (texts.length > 0) page.add(names.info.family, names.info.help, labelsText([...tags, ...texts]), 1)
}

/** Naming is worked out once a page for each kind of group. */
class NameCache {
  readonly #names = new Map<string, GroupNames | null>()

  get(group: MetricGroup, style: NameStyle): GroupNames | null {
    const tags = Object.keys(group.tags)
    const key = `${style} ${group.domain} ${group.type} ${tags.length}`
    let names = this.#names.get(key)
    if (names === undefined) {
      const declaration: GroupDeclaration | null = declarationOf(group.domain, group.type, tags)
      names = declaration === null ? null : namesOf(declaration, style)
      this.#names.set(key, names)
    }
    return names
  }
}
