import { defineSink, defineSource, millraceVersion } from 'millrace/connect'
import { verifiableSinkConfig, verifiableSourceConfig } from './config.ts'
import { numberedTasks } from './task-id.ts'

export const verifiableSource = defineSource({
  class: 'org.apache.kafka.connect.tools.VerifiableSourceConnector',
  version: millraceVersion,
  summary: 'Counts: emits numbered records at a given rate, and prints each when it is made and when it is stored.',
  config: verifiableSourceConfig,
  taskConfigs: (_props, maxTasks, raw) => numberedTasks(raw, maxTasks),
  startTask: async (props, context) => (await import('./source.ts')).startVerifiableSource(props, context),
})

export const verifiableSink = defineSink({
  class: 'org.apache.kafka.connect.tools.VerifiableSinkConnector',
  version: millraceVersion,
  summary: 'Prints each record when it arrives and when its offset is about to be committed.',
  config: verifiableSinkConfig,
  taskConfigs: (_props, maxTasks, raw) => numberedTasks(raw, maxTasks),
  startTask: async (_props, context) => (await import('./sink.ts')).startVerifiableSink(context),
})

export const plugins = [verifiableSource, verifiableSink]
