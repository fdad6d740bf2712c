import type { Converter, HeaderConverter } from '../../connect/index.ts'
import { type Props, propsWithPrefix } from '../tasks/props.ts'
import type { PluginRegistry } from '../plugins/plugin-registry.ts'
import { ConfigError } from '../../connect/index.ts'

/** The three converters of a task, with the class names that errors are told with. */
export interface RecordConverters {
  readonly key: Converter
  readonly value: Converter
  readonly header: HeaderConverter
  readonly keyClass: string
  readonly valueClass: string
  readonly headerClass: string
}

const DEFAULT_HEADER_CONVERTER = 'org.apache.kafka.connect.storage.SimpleHeaderConverter'

/**
 * Makes a task's converters. A connector that names one brings its settings too; otherwise the worker's class with the
 * worker's settings counts, and settings of the connector for it have no effect. Throws `ConfigError`.
 */
export function createConverters(connector: Props, worker: Props, registry: PluginRegistry): RecordConverters {
  const keyChoice = choose('key.converter', connector, worker)
  const valueChoice = choose('value.converter', connector, worker)
  const headerChoice = choose('header.converter', connector, worker)
  const key = registry.resolve(keyChoice.className, 'converter', keyChoice.props['plugin.version'])
  const value = registry.resolve(valueChoice.className, 'converter', valueChoice.props['plugin.version'])
  const header = registry.resolve(headerChoice.className, 'header_converter', headerChoice.props['plugin.version'])
  return {
    key: key.create(key.config.parse({ ...keyChoice.props, 'converter.type': 'key' }), 'key'),
    value: value.create(value.config.parse({ ...valueChoice.props, 'converter.type': 'value' }), 'value'),
    header: header.create(header.config.parse({ ...headerChoice.props, 'converter.type': 'header' })),
    keyClass: key.class,
    valueClass: value.class,
    headerClass: header.class,
  }
}

function choose(name: string, connector: Props, worker: Props): { className: string; props: Record<string, string> } {
  const own = connector[name]?.trim()
  if (own) return { className: own, props: propsWithPrefix(connector, `${name}.`) }
  const className = worker[name]?.trim() || (name === 'header.converter' ? DEFAULT_HEADER_CONVERTER : '')
  if (className === '') throw new ConfigError(`Neither the connector nor the worker names a ${name}`)
  return { className, props: propsWithPrefix(worker, `${name}.`) }
}
