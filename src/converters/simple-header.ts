import { millraceVersion, config, defineHeaderConverter, parseHeaderText } from '../connect/index.ts'
import { type TextForm, valueText } from './value-text.ts'

const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`

const headerForm: TextForm = {
  nestedString: quoted,
  nestedBytes: quoted,
  struct: (members) => `{${members.map(({ name, text }) => `${quoted(name)}:${text}`).join(',')}}`,
  keySeparator: ':',
  separator: ',',
}

export const simpleHeaderConverter = defineHeaderConverter({
  class: 'org.apache.kafka.connect.storage.SimpleHeaderConverter',
  version: millraceVersion,
  summary: 'Header values as text; what a text looks like decides its type when it is read.',
  config: config({}),
  create: () => ({
    fromConnectHeader: (_topic, _key, schema, value) =>
      value === null || value === undefined ? null : Uint8Array.from(Buffer.from(valueText(schema, value, headerForm))),
    toConnectHeader: (_topic, _key, bytes) =>
      bytes === null
        ? { schema: null, value: null }
        : parseHeaderText(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')),
  }),
})
