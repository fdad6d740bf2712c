import { type ConverterPlugin, defineHeaderConverter, type HeaderConverterPlugin } from '../connect/index.ts'

/** The same converter for header values. */
export function asHeaderConverter<P>(plugin: ConverterPlugin<P>): HeaderConverterPlugin<P> {
  return defineHeaderConverter<P>({
    class: plugin.class,
    version: plugin.version,
    summary: plugin.summary,
    config: plugin.config,
    create(props) {
      const converter = plugin.create(props, 'header')
      return {
        fromConnectHeader: (topic, _key, schema, value) => converter.fromConnectData(topic, schema, value),
        toConnectHeader: (topic, _key, bytes) => converter.toConnectData(topic, bytes),
      }
    },
  })
}
