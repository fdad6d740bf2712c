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
    reason: 'versions of plugins are those of this project',
    matches: ({ theirs, ours }) => sameBut(theirs, ours, /\b\d+\.\d+\.\d+\b/g),
  },
  {
    reason: 'what is not there is named in one way everywhere',
    matches: ({ theirs, ours }) =>
      /^Unknown (?:connector|task):? /.test(String(theirs)) && /^(?:Connector|Task) .* not found$/.test(String(ours)),
  },
  {
    reason: 'messages never have values of a configuration, which may be secret',
    matches: ({ where, theirs }) =>
      where === 'body.message' && /^Connector config \{.*\} contains no connector type$/s.test(String(theirs)),
  },
  {
    reason: 'the position in the body is told in the words of another JSON parser',
    matches: ({ where, ours }) =>
      where === 'body.message' && /^The request body is (?:missing|not valid JSON)/.test(String(ours)),
  },
  {
    reason: 'what is wrong with a setting is said with its name and its value',
    matches: ({ theirs, ours }) =>
      typeof theirs === 'string' &&
      !theirs.startsWith('Invalid value ') &&
      String(ours).startsWith('Invalid value ') &&
      String(ours).endsWith(`: ${theirs}`),
  },
  {
    reason: 'an entry of Cast is told under the name of its setting, without the name of a Java exception',
    matches: ({ theirs, ours }) =>
      /for configuration (?:renames: Invalid rename mapping|Invalid type found in casting spec): /.test(
        String(theirs),
      ) &&
      /^Invalid value \[.*\] for configuration spec: Invalid (?:cast|type found in casting spec): /.test(String(ours)),
  },
  {
    reason: 'a status has the version also of what could not be made, or has just begun to run',
    matches: ({ where, theirs, ours }) =>
      /^body\.(?:connector|tasks\[\d+\])\.version$/.test(where) && theirs === null && ours === '<version>',
  },
  {
    reason: 'stopping a connector that is not there is 404 in standalone mode as well',
    matches: ({ scenario, step }) => scenario.startsWith('standalone: ') && step.includes(' /connectors/none/stop'),
  },
  {
    reason: 'of creations at once exactly one wins, and of deletions exactly one finds the connector',
    matches: ({ scenario, step }) =>
      scenario === 'one of many creations wins' && /: (?:POST|DELETE) \/connectors/.test(step),
  },
  {
    reason: 'a removed offset is gone at once, and not shown as null for a moment',
    matches: ({ theirs, ours }) => ours === undefined && (JSON.stringify(theirs) ?? '').endsWith(',"offset":null}'),
  },
  {
    reason: 'messages name no Java classes',
    matches: ({ theirs, ours }) => theirs === `org.apache.kafka.connect.errors.ConnectException: ${String(ours)}`,
  },
  {
    reason: 'the internal request is refused with the same status, in our words',
    matches: ({ step, where }) => / \/connectors\/none\/(?:tasks |fence)/.test(step) && where === 'body.message',
  },
  {
    reason: 'JSON has no charset, so the one in an Accept header is not repeated',
    matches: ({ where, theirs }) => where === 'header content-type' && theirs === 'application/json;charset=utf-8',
  },
  {
    reason: 'a Location leads back to the connector also when its name has a semicolon or a slash',
    matches: ({ where, ours }) => where === 'header location' && /%(?:3b|2f)/.test(String(ours)),
  },
  {
    reason: 'a null for a setting that cannot be null is refused at once, not when the connector starts',
    matches: ({ step, theirs }) => step.includes('"topic":null') || (step.endsWith(' /connectors') && theirs === 'x'),
  },
  {
    reason: 'settings keep the order in which they were given',
    matches: ({ where }) => /config \((?:order of keys|order)\)$/.test(where) || where === 'body (order of keys)',
  },
  {
    reason: 'converter.type is filled in by the runtime, so nobody is required to set it',
    matches: ({ where }) => where.includes('converter.type'),
  },
  {
    reason: 'how a regular expression is wrong is said in words of our own',
    matches: ({ theirs, ours }) =>
      String(theirs).includes(': Invalid regex: ') && String(ours).includes(': Invalid regex: '),
  },
  {
    reason: 'an empty level of a logger is no level, as any other word that is none',
    matches: ({ step }) => / \/admin\/loggers\/.*\{"level":""\}$/.test(step),
  },
  {
    reason: 'errors are JSON, not a page',
    matches: ({ theirs }) => theirs === '<html>' || theirs === 'text/html;charset=iso-8859-1',
  },
]

function sameBut(theirs: unknown, ours: unknown, part: RegExp): boolean {
  if (typeof theirs !== 'string' || typeof ours !== 'string') return false
  return theirs !== ours && theirs.replace(part, '') === ours.replace(part, '')
}

/** Why this difference is wanted; null when nobody decided that. */
export function knownReason(difference: Difference): string | null {
  return rules.find(({ matches }) => matches(difference))?.reason ?? null
}
