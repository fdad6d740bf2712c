import { inTime } from '../../base/bounded-call.ts'
import { JavaRegex, javaRegexFault } from '../../connect/index.ts'
import { parseText } from '../config-def/parse.ts'
import type { Properties } from '../stores/config-records.ts'
import { addError, type Entries } from './entries.ts'

/** Rules over several keys of sinks: what to consume, the dead letter topic, and the consumer group. */
export function checkSink(entries: Entries, props: Properties, workerGroupId: string): void {
  const topics = parseText(props['topics'] ?? '', 'LIST') as readonly string[]
  const regex = (props['topics.regex'] ?? '').trim()
  const both = (message: string): void => {
    addError(entries, 'topics', message)
    addError(entries, 'topics.regex', message)
  }
  if (topics.length > 0 && regex !== '') {
    both('topics and topics.regex are mutually exclusive options, but both are set.')
  } else if (topics.length === 0 && regex === '') {
    both('Must configure one of topics or topics.regex')
  }
  const deadLetters = (props['errors.deadletterqueue.topic.name'] ?? '').trim()
  if (deadLetters !== '') checkDeadLetterTopic(entries, deadLetters, topics, regex)
  checkGroup(entries, props, workerGroupId)
}

function checkDeadLetterTopic(entries: Entries, topic: string, topics: readonly string[], regex: string): void {
  if (topics.includes(topic)) {
    addError(
      entries,
      'topics',
      `The DLQ topic '${topic}' may not be included in the list of topics ('topics=[${topics.join(', ')}]') consumed by the connector`,
    )
  }
  if (regex === '' || javaRegexFault(regex) !== undefined) return
  const isMatch = inTime(() => new JavaRegex(regex).matches(topic))
  if (isMatch === null) {
    addError(
      entries,
      'topics.regex',
      `Invalid value ${regex} for configuration topics.regex: it takes too long to tell whether it matches the DLQ topic '${topic}'; avoid repetitions within repetitions`,
    )
  } else if (isMatch) {
    addError(
      entries,
      'topics.regex',
      `The DLQ topic '${topic}' may not be matched by the regex for the topics ('topics.regex=${regex}') consumed by the connector`,
    )
  }
}

function checkGroup(entries: Entries, props: Properties, workerGroupId: string): void {
  const overridden = props['consumer.override.group.id']
  if (overridden === workerGroupId) {
    addError(
      entries,
      'consumer.override.group.id',
      `Consumer group ${workerGroupId} conflicts with Connect worker group ${workerGroupId}`,
      overridden,
    )
  } else if ((overridden === undefined || overridden === null) && `connect-${props['name'] ?? ''}` === workerGroupId) {
    addError(
      entries,
      'name',
      `Consumer group for sink connector named ${props['name'] ?? ''} conflicts with Connect worker group ${workerGroupId}`,
    )
  }
}
