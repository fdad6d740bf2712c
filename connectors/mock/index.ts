import { defineSink, defineSource, millraceVersion } from 'millrace/connect'
import { mockConfig } from './config.ts'
import { startMockConnector } from './failure.ts'

export const mockSource = defineSource({
  class: 'org.apache.kafka.connect.tools.MockSourceConnector',
  version: millraceVersion,
  summary: 'Emits nothing, and fails after a while if it is told to: for tests of what watches connectors.',
  config: mockConfig,
  startConnector: startMockConnector,
  startTask: async (props, context) => (await import('./source.ts')).startMockSource(props, context),
})

export const mockSink = defineSink({
  class: 'org.apache.kafka.connect.tools.MockSinkConnector',
  version: millraceVersion,
  summary: 'Drops what it gets, and fails after a while if it is told to: for tests of what watches connectors.',
  config: mockConfig,
  startConnector: startMockConnector,
  startTask: async (props, context) => (await import('./sink.ts')).startMockSink(props, context),
})

export const plugins = [mockSource, mockSink]
