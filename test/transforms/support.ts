import assert from 'node:assert/strict'
import type { ConnectRecord, Predicate, Schema, Transform } from '../../src/connect/index.ts'
import { predicatePlugins, transformPlugins } from '../../src/transforms/index.ts'

/** A configured transform by its class name without package. */
export function transform(name: string, props: Record<string, string> = {}): Transform {
  const plugin = transformPlugins.find((candidate) => candidate.class === `org.apache.kafka.connect.transforms.${name}`)
  assert.ok(plugin, `no transform ${name}`)
  return plugin.create(plugin.config.parse(props))
}

/** A configured predicate by its class name without package. */
export function predicate(name: string, props: Record<string, string> = {}): Predicate {
  const plugin = predicatePlugins.find(
    (candidate) => candidate.class === `org.apache.kafka.connect.transforms.predicates.${name}`,
  )
  assert.ok(plugin, `no predicate ${name}`)
  return plugin.create(plugin.config.parse(props))
}

export function record(
  value: unknown,
  valueSchema: Schema | null = null,
  more: Partial<ConnectRecord> = {},
): ConnectRecord {
  return { topic: 'orders', value, valueSchema, ...more }
}

/** What a transform makes of a value, or of a key where it is a `$Key` class. */
export function applied(
  name: string,
  props: Record<string, string>,
  given: unknown,
  schema: Schema | null = null,
): { schema: Schema | null; value: unknown } {
  const isKey = name.endsWith('$Key')
  const changed = transform(name, props).apply(
    isKey ? record('bogus', null, { key: given, keySchema: schema }) : record(given, schema),
  )
  assert.ok(changed)
  const { key, keySchema, value, valueSchema } = changed
  return isKey
    ? { schema: keySchema ?? null, value: key ?? null }
    : { schema: valueSchema ?? null, value: value ?? null }
}

/** The schema of a struct's field. */
export function fieldSchema(schema: Schema | null, name: string): Schema {
  const field = schema?.fields?.find((candidate) => candidate.name === name)
  assert.ok(field, `no field ${name}`)
  return field.schema
}
