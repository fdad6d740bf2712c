import { type ConfigDeclaration, defineSource, type SourcePlugin } from 'millrace/connect'
import {
  aivenConfig,
  aivenSettings,
  confluentConfig,
  confluentSettings,
  type Settings,
  validateSettings,
} from './config.ts'

/** The JDBC source in one of its two dialects; the code that talks to the database is loaded when one starts. */
function jdbcSource<P>(
  name: string,
  aliases: readonly string[],
  summary: string,
  config: ConfigDeclaration<P>,
  settingsOf: (props: P) => Settings,
): SourcePlugin<P> {
  return defineSource({
    class: name,
    aliases,
    version: '0.1.0',
    summary,
    config,
    validate: (props) => validateSettings(settingsOf(props)),
    async startConnector(props, context) {
      const { JdbcConnector } = await import('./jdbc-connector.ts')
      return JdbcConnector.start(settingsOf(props), context)
    },
    async startTask(props, context) {
      const [{ JdbcTask }, { parseTables, TABLES_KEY }] = await Promise.all([
        import('./jdbc-task.ts'),
        import('./jdbc-connector.ts'),
      ])
      return JdbcTask.start(settingsOf(props), context, parseTables(context.config[TABLES_KEY] ?? ''))
    },
  })
}

export const confluentJdbcSource = jdbcSource(
  'io.confluent.connect.jdbc.JdbcSourceConnector',
  // Both dialects have the same simple name; without a package it means this one.
  ['JdbcSourceConnector', 'JdbcSource'],
  'Reads PostgreSQL tables by polling, with the settings of the Confluent JDBC source.',
  confluentConfig,
  confluentSettings,
)

export const aivenJdbcSource = jdbcSource(
  'io.aiven.connect.jdbc.JdbcSourceConnector',
  [],
  'Reads PostgreSQL tables by polling, with the settings of the Aiven JDBC source.',
  aivenConfig,
  aivenSettings,
)

export const plugins = [confluentJdbcSource, aivenJdbcSource]
