import {
  type ConfigDeclaration,
  type ConnectRecord,
  defineTransform,
  millraceVersion,
  type Schema,
  type Transform,
  type TransformPlugin,
} from '../connect/index.ts'

/** Which half of a record a transform changes: its `$Key` or its `$Value` class. */
export type Part = 'key' | 'value'

/** A transform as its two plugins, `org.apache.kafka.connect.transforms.<name>$Key` and `…$Value`. */
export function forKeyAndValue<P>(
  name: string,
  summary: (part: Part) => string,
  config: ConfigDeclaration<P>,
  create: (props: P, part: Part) => Transform,
): readonly TransformPlugin<P>[] {
  return (['key', 'value'] as const).map((part) =>
    defineTransform({
      class: `org.apache.kafka.connect.transforms.${name}$${part === 'key' ? 'Key' : 'Value'}`,
      version: millraceVersion,
      summary: summary(part),
      config,
      create: (props) => create(props, part),
    }),
  )
}

export function schemaOf(record: ConnectRecord, part: Part): Schema | null {
  return (part === 'key' ? record.keySchema : record.valueSchema) ?? null
}

export function valueOf(record: ConnectRecord, part: Part): unknown {
  return (part === 'key' ? record.key : record.value) ?? null
}

/** The record with another key or value. */
export function withPart<R extends ConnectRecord>(record: R, part: Part, schema: Schema | null, value: unknown): R {
  return part === 'key' ? { ...record, keySchema: schema, key: value } : { ...record, valueSchema: schema, value }
}
