import { type ConfigKey, key } from '../config-def/key.ts'
import { atLeast } from '../config-def/validators.ts'

const GROUP = 'Error Handling'

/**
 * Connector keys that Kafka Connect does not have. They are validated, but listed only where a configuration uses them:
 * what tools know of a connector's keys stays what Kafka Connect tells them.
 */
export const millraceKeys: readonly ConfigKey[] = [
  key(
    'errors.restart.limit',
    'INT',
    '0',
    'MEDIUM',
    'How often a failed connector or task is started again by itself before it stays FAILED; 0 never, -1 without limit. ' +
      'Its status shows how often it was. A restart by a user makes it count anew.',
    { validator: atLeast(-1), group: GROUP, order: 9, width: 'SHORT', displayName: 'Automatic restarts' },
  ),
  key(
    'errors.restart.delay.ms',
    'LONG',
    '1000',
    'LOW',
    'Milliseconds before the first automatic restart; each further one waits twice as long.',
    {
      validator: atLeast(0),
      group: GROUP,
      order: 10,
      width: 'SHORT',
      displayName: 'Delay before an automatic restart',
    },
  ),
  key(
    'errors.restart.delay.max.ms',
    'LONG',
    '300000',
    'LOW',
    'Longest time before an automatic restart, in milliseconds.',
    { validator: atLeast(0), group: GROUP, order: 11, width: 'SHORT', displayName: 'Longest delay before a restart' },
  ),
  key(
    'errors.restart.reset.ms',
    'LONG',
    '600000',
    'LOW',
    'A connector or task that has run for this many milliseconds since its last automatic restart counts anew.',
    {
      validator: atLeast(0),
      group: GROUP,
      order: 12,
      width: 'SHORT',
      displayName: 'Time after which restarts count anew',
    },
  ),
]
