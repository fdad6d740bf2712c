import { defineSource, millraceVersion } from 'millrace/connect'
import { datagenConfig, validateDatagen } from './config.ts'

export const datagenSource = defineSource({
  class: 'io.confluent.kafka.connect.datagen.DatagenConnector',
  version: millraceVersion,
  summary: 'Makes up data: orders, users, page views and more, or records of a schema of your own.',
  config: datagenConfig,
  validate: validateDatagen,
  taskConfigs: (_props, maxTasks, raw) =>
    Array.from({ length: maxTasks }, (_task, id) => ({ ...raw, 'task.id': String(id) })),
  startTask: async (props, context) => (await import('./source.ts')).startDatagen(props, context),
})

export const plugins = [datagenSource]
