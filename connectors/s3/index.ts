import { ConfigError, defineSink } from 'millrace/connect'
import { s3SinkConfig, validateProps } from './config.ts'

/** The S3 sink; the code that talks to the store is loaded when a task starts. */
export const s3Sink = defineSink({
  class: 'io.confluent.connect.s3.S3SinkConnector',
  version: '0.1.0',
  summary: 'Writes topics as objects into S3 or a local folder, with the settings of the Confluent S3 sink.',
  config: s3SinkConfig,
  validate: validateProps,
  // Every task works with the whole configuration; the runtime gives each its share of the partitions.
  taskConfigs: (_props, maxTasks, raw) => Array.from({ length: maxTasks }, () => raw),
  async startTask(props, context) {
    const errors = validateProps(props)
    const messages = Object.values(errors).flat()
    if (messages.length > 0) throw new ConfigError(messages.join('\n'), { errors })
    const [{ S3SinkTask }, { settingsOf }] = await Promise.all([import('./sink-task.ts'), import('./settings.ts')])
    return S3SinkTask.start(settingsOf(props, context.config), context)
  },
})

export const plugins = [s3Sink]
