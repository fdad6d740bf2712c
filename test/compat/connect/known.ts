import type { Difference } from './compare.ts'

/** A difference that was decided: on the page for those who come from Kafka Connect it has its line. */
interface Rule {
  readonly reason: string
  readonly matches: (difference: Difference) => boolean
}

const rules: readonly Rule[] = [
  {
    reason: 'other connectors come with it',
    matches: ({ step, where }) => / \/connector-plugins( |$|\?connectorsOnly)/.test(step) && /^body[.[ ]/.test(where),
  },
  {
    reason: 'a text of the JVM about a missing body says nothing to a user',
    matches: ({ theirs }) => theirs === '<internal>',
  },
  {
    reason: 'RFC 9110 wants an Allow header in a 405, and errors say that they are JSON',
    matches: ({ where, theirs }) =>
      (where === 'header allow' || where === 'header content-type') && theirs === undefined,
  },
  {
    reason: 'errors are JSON, not a page',
    matches: ({ theirs }) => theirs === '<html>' || theirs === 'text/html;charset=iso-8859-1',
  },
]

/** Why this difference is wanted; null when nobody decided that. */
export function knownReason(difference: Difference): string | null {
  return rules.find(({ matches }) => matches(difference))?.reason ?? null
}
