import { describeKey } from '../../runtime/config-def/key.ts'
import { connectionKeys, saslKeys, sslKeys } from '../../runtime/worker-config/client-keys.ts'
import { clusterKeys } from '../../runtime/worker-config/cluster-keys.ts'
import { restKeys } from '../../runtime/worker-config/rest-keys.ts'
import { sharedKeys, threadKeys } from '../../runtime/worker-config/shared-keys.ts'
import type { WorkerKey } from '../../runtime/worker-config/worker-key.ts'
import { workerKeys } from '../../runtime/worker-config.ts'
import { keyTable } from './key-table.ts'
import { code, page, plain, section, table } from './markdown.ts'

const sections: readonly (readonly [title: string, keys: readonly WorkerKey[]])[] = [
  ['Every worker', sharedKeys],
  ['Workers of a cluster', clusterKeys],
  ['REST', restKeys],
  ['Task threads', threadKeys],
  ['Connections to the brokers', connectionKeys],
  ['Authentication at the brokers', saslKeys],
  ['TLS', sslKeys],
]

/** Every property of a worker. */
export function workerPage(): string {
  const placed = new Set(sections.flatMap(([, keys]) => keys))
  const rest = workerKeys.filter((key) => !placed.has(key))
  const parts = [...sections, ['Others', rest] as const].map(([title, keys]) => {
    const effective = keys.filter(({ withoutEffect }) => withoutEffect === null)
    return effective.length === 0 ? '' : section(2, title, keyTable(effective.map(describeKey)))
  })
  const without = workerKeys.filter(({ withoutEffect }) => withoutEffect !== null)
  return page(
    'Worker properties',
    'Names and defaults are those of Kafka Connect 4.3; the properties of the task threads are ours. A standalone worker has ' +
      '`offset.storage.file.filename` instead of the properties of a cluster. A property that is not known is said in the log ' +
      'once and is otherwise no fault, since plugins may read it.',
    section(
      2,
      'Prefixes',
      table(
        ['prefix', 'what it is for'],
        [
          ['`producer.`, `consumer.`, `admin.`', 'settings of the clients of connectors'],
          [
            '`config.storage.`, `offset.storage.`, `status.storage.`',
            'settings of the internal topics when they are created',
          ],
          ['`key.converter.`, `value.converter.`, `header.converter.`', "settings of the worker's converters"],
          ['`config.providers.<alias>.`', '`class` and `param.*` of a configuration provider'],
          ['`listeners.https.`', 'TLS of the REST server alone, instead of the `ssl.*` properties'],
          ['`broker.`', 'with `millrace start`: [properties of the integrated broker](broker-properties.md)'],
        ],
      ),
    ),
    ...parts,
    section(
      2,
      'Known, without effect',
      'These are accepted, so that an existing file can stay as it is; the log names those that are set.',
      table(
        ['name', 'why'],
        without.map(({ name, withoutEffect }) => [code(name), plain(withoutEffect ?? '')]),
      ),
    ),
  )
}
