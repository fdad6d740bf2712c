import { type ConfigKey, describeKey } from '../../runtime/config-def/key.ts'
import {
  commonKeys,
  deadLetterKeys,
  noConverterDefaults,
  sinkKeys,
  sourceKeys,
} from '../../runtime/validation/connector-keys.ts'
import { millraceKeys } from '../../runtime/validation/millrace-keys.ts'
import { keyTable } from './key-table.ts'
import { page, section, table } from './markdown.ts'

/** What every connector's configuration may have, whatever its class. */
export function connectorPage(): string {
  const tableOf = (keys: readonly ConfigKey[]): string => keyTable(keys.map(describeKey))
  return page(
    'Connector properties',
    'What a connector configuration has beside the [settings of its class](connectors.md). Names, defaults and order are those ' +
      'of Kafka Connect 4.3.',
    section(2, 'All connectors', tableOf(commonKeys(noConverterDefaults))),
    section(
      2,
      'By prefix',
      table(
        ['name', 'what it is for'],
        [
          ['`transforms.<alias>.type`', 'class of a [transform](transforms.md)'],
          ['`transforms.<alias>.predicate`', 'alias of a predicate: the transform applies only where it holds'],
          ['`transforms.<alias>.negate`', 'whether it applies only where the predicate does not hold; default `false`'],
          ['`transforms.<alias>.<setting>`', 'a setting of that transform'],
          ['`predicates.<alias>.type`', 'class of a [predicate](transforms.md#predicates)'],
          ['`predicates.<alias>.<setting>`', 'a setting of that predicate'],
          [
            '`key.converter.<setting>` and the like',
            'a setting of a [converter](converters.md) that the connector names',
          ],
          ['`producer.override.`, `consumer.override.`, `admin.override.`', "settings of the connector's own clients"],
          [
            '`topic.creation.<group>.`',
            'how topics of a group are created: `include`, `exclude`, `replication.factor`, `partitions` and settings of topics; the group `default` needs no `include`',
          ],
        ],
      ),
    ),
    section(2, 'Source connectors', tableOf(sourceKeys)),
    section(2, 'Sink connectors', tableOf(sinkKeys)),
    section(
      2,
      'Beyond Kafka Connect',
      'Off unless they are set, and shown by validation only then. Source connectors take the dead letter settings too.',
      tableOf([...millraceKeys, ...deadLetterKeys]),
    ),
  )
}
