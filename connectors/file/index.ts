import { defineSink, defineSource, millraceVersion } from 'millrace/connect'
import { fileSinkConfig, fileSourceConfig } from './config.ts'
import { checkOffsets } from './offsets.ts'

export const fileStreamSource = defineSource({
  class: 'org.apache.kafka.connect.file.FileStreamSourceConnector',
  version: millraceVersion,
  summary: 'Reads the lines of a file, and follows it as it grows.',
  config: fileSourceConfig,
  taskConfigs: (_props, _maxTasks, raw) => [raw],
  alterOffsets(props, offsets) {
    checkOffsets(props.file, offsets)
    return true
  },
  startTask: async (props, context) => (await import('./source.ts')).startFileSource(props, context),
})

export const fileStreamSink = defineSink({
  class: 'org.apache.kafka.connect.file.FileStreamSinkConnector',
  version: millraceVersion,
  summary: 'Appends record values to a file, a line each.',
  config: fileSinkConfig,
  taskConfigs: (_props, maxTasks, raw) => Array.from({ length: maxTasks }, () => raw),
  // Offsets of a sink are all in its consumer group.
  alterOffsets: () => true,
  startTask: async (props, context) => (await import('./sink.ts')).startFileSink(props, context),
})

export const plugins = [fileStreamSource, fileStreamSink]
