import { contentOf, type Row } from './growing-table.ts'
import type { StoredObject } from './objects.ts'
import type { TopicValues } from './read-topic.ts'

/** What a round has shown about one table. */
export interface Verdict {
  readonly rows: number
  /** Rows whose last revision is in no object. */
  readonly missing: number
  /** Records of the topic that an earlier one already had: the source read the row twice. */
  readonly duplicatesInTopic: number
  /** How often the source went back to rows that it had sent before. */
  readonly steppedBack: number
  /** Records that are in more than one object. */
  readonly duplicatesInObjects: number
  readonly objects: number
  /** What must not be; empty when all is well. */
  readonly violations: readonly string[]
}

export interface Evidence {
  readonly table: string
  /** All rows but those that only fill up the last object. */
  readonly rows: readonly Row[]
  readonly topic: TopicValues
  readonly objects: readonly StoredObject[]
  /** Records of each object when only their number ends an object; null when the clock does as well. */
  readonly recordsPerObject: number | null
  /** Whether rows come in the order of their ids, each once but for what is read again after a restart. */
  readonly isOrdered: boolean
  /** How often the source may have gone back. */
  readonly mayStepBack: number
}

/** Compares table, topic and objects. */
export function verify(evidence: Evidence): Verdict {
  const { table, rows, objects, mayStepBack } = evidence
  const violations: string[] = []
  const complain = (text: string): void => {
    if (violations.length < 10) violations.push(`${table}: ${text}`)
  }
  const topic = evidence.topic.map((value, offset) => parsed(value, offset, complain))
  const { duplicates, steppedBack } = compareWithEarlier(topic, evidence.isOrdered, complain)
  if (steppedBack > mayStepBack) complain(`the source went back ${steppedBack} times after ${mayStepBack} kills`)
  const stored = compareObjects(evidence, topic, complain)
  let missing = 0
  for (const row of rows) {
    if (stored.rows.has(keyOf(row))) continue
    missing++
    complain(`row ${row.id} in revision ${row.rev} is in no object`)
  }
  return {
    rows: rows.length,
    missing,
    duplicatesInTopic: duplicates,
    steppedBack,
    duplicatesInObjects: stored.duplicates,
    objects: objects.length,
    violations,
  }
}

function keyOf({ id, rev }: Pick<Row, 'id' | 'rev'>): string {
  return `${id}/${rev}`
}

function parsed(value: string, offset: number, complain: (text: string) => void): Row {
  const row = JSON.parse(value) as Row
  if (row.content !== contentOf(row.id, row.rev)) complain(`offset ${offset} of the topic holds ${value}`)
  return row
}

function compareWithEarlier(
  topic: readonly Row[],
  isOrdered: boolean,
  complain: (text: string) => void,
): { duplicates: number; steppedBack: number } {
  const seen = new Set<string>()
  let duplicates = 0
  let steppedBack = 0
  let wasSeen = false
  for (const [offset, row] of topic.entries()) {
    const key = keyOf(row)
    const isSeen = seen.has(key)
    if (isSeen) duplicates++
    const before = topic[offset - 1]
    if (isOrdered) {
      const due = (before?.id ?? 0) + 1
      if (row.id < due) steppedBack++
      if (row.id > due) complain(`offset ${offset} of the topic holds row ${row.id} where ${due} was due`)
    } else if (isSeen && !wasSeen) steppedBack++
    wasSeen = isSeen
    seen.add(key)
  }
  return { duplicates, steppedBack }
}

/** Every object must hold the topic's records from its start offset on; together they must hold all from 0 on. */
function compareObjects(
  { objects, recordsPerObject, topic: values }: Evidence,
  topic: readonly Row[],
  complain: (text: string) => void,
): { rows: Set<string>; duplicates: number } {
  const rows = new Set<string>()
  let duplicates = 0
  let upTo = 0
  for (const { name, startOffset, lines } of objects) {
    if (startOffset > upTo) complain(`no object holds the offsets from ${upTo} to ${startOffset - 1}`)
    duplicates += Math.min(lines.length, Math.max(0, upTo - startOffset))
    if (recordsPerObject !== null && startOffset < upTo) complain(`${name} repeats offsets before ${upTo}`)
    if (recordsPerObject !== null && lines.length !== recordsPerObject)
      complain(`${name} holds ${lines.length} records, not ${recordsPerObject}`)
    for (const [i, line] of lines.entries()) {
      const row = topic[startOffset + i]
      if (row === undefined || !isSameRecord(line, values[startOffset + i])) {
        complain(`line ${i + 1} of ${name} is ${line}, not ${values[startOffset + i]}`)
        break
      }
      rows.add(keyOf(row))
    }
    upTo = Math.max(upTo, startOffset + lines.length)
  }
  return { rows, duplicates }
}

function isSameRecord(line: string, value: string | undefined): boolean {
  if (line === value) return true
  return value !== undefined && JSON.stringify(JSON.parse(line)) === JSON.stringify(JSON.parse(value))
}
