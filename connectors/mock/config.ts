import { config, long, type PropsOf, Type } from 'millrace/connect'

export const mockConfig = config({
  mock_mode: Type.String({
    default: null,
    importance: 'high',
    recommended: ['connector-failure', 'task-failure'],
    description:
      'What fails: the connector (`connector-failure`) or its task (`task-failure`). Anything else: nothing.',
  }),
  delay_ms: long({
    default: 15_000,
    importance: 'high',
    description: 'Milliseconds from the start to the failure.',
  }),
})

export type MockProps = PropsOf<typeof mockConfig>
