/** Connector configurations that both workers know. */

export const fileSource = (name: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  name,
  'connector.class': 'org.apache.kafka.connect.file.FileStreamSourceConnector',
  file: '{tmp}/in.txt',
  topic: `topic-of-${name}`,
  ...more,
})

export const fileSink = (name: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  name,
  'connector.class': 'org.apache.kafka.connect.file.FileStreamSinkConnector',
  file: '{tmp}/out.txt',
  topics: 'topic-of-sinks',
  ...more,
})

export const mockSource = (
  name: string,
  mode: string,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> => ({
  name,
  'connector.class': 'org.apache.kafka.connect.tools.MockSourceConnector',
  mock_mode: mode,
  delay_ms: '100',
  ...more,
})

export const input: Readonly<Record<string, string>> = { 'in.txt': 'one\ntwo\nthree\n' }

export const running = (tasks: number): unknown => ({
  connector: { state: 'RUNNING' },
  tasks: Array.from({ length: tasks }, () => ({ state: 'RUNNING' })),
})
