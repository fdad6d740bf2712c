import { brokerDefinitions } from '../../broker/config/broker-definitions.ts'
import type { ConfigDefinition } from '../../broker/config/definition.ts'
import { topicDefinitions } from '../../broker/config/topic-definitions.ts'
import { code, page, plain, section, table } from './markdown.ts'

/** Every property of the integrated broker and its topics. */
export function brokerPage(): string {
  return page(
    'Properties of the integrated broker',
    "Names and defaults are Kafka's. With `millrace start` they stand in the worker's file with the prefix `broker.`; `millrace " +
      'broker` reads them without it.',
    section(2, 'Broker', definitionTable(brokerDefinitions)),
    section(2, 'Topics', 'Given when a topic is created, or changed later.', definitionTable(topicDefinitions)),
  )
}

function definitionTable(definitions: readonly ConfigDefinition[]): string {
  const rows = (wanted: boolean): string[][] =>
    definitions
      .filter(({ hasEffect }) => hasEffect === wanted)
      .map(({ name, type, defaultValue, documentation }) => [
        code(name),
        type,
        defaultValue === null ? '' : code(defaultValue),
        plain(documentation),
      ])
  const without = table(['name', 'type', 'default', 'why'], rows(false))
  return [
    table(['name', 'type', 'default', 'what it does'], rows(true)),
    ...(without === '' ? [] : ['Known, without effect:', without]),
  ].join('\n\n')
}
