import { config, type PropsOf, Type } from '../../connect/index.ts'

/** How a converter of this instance is used; the runtime fills it in. */
export const converterType = Type.String({
  enum: ['key', 'value', 'header'],
  default: null,
  importance: 'low',
  description: 'How this converter will be used.',
})

export const jsonConverterConfig = config({
  'converter.type': converterType,
  'schemas.enable': Type.Boolean({
    default: true,
    importance: 'high',
    group: 'Schemas',
    order: 0,
    width: 'medium',
    displayName: 'Enable Schemas',
    description: 'Include the schema in each message, in an envelope of the fields `schema` and `payload`.',
  }),
  'schemas.cache.size': Type.Integer({
    default: 1000,
    minimum: 0,
    importance: 'high',
    group: 'Schemas',
    order: 1,
    width: 'medium',
    displayName: 'Schema Cache Size',
    description: 'The most schemas that are kept in memory by this converter instance.',
  }),
  'schema.content': Type.String({
    default: null,
    importance: 'high',
    group: 'Schemas',
    order: 2,
    width: 'medium',
    displayName: 'Schema Content',
    description:
      'A schema as JSON text that is used for all messages read, which then have no envelope. Only with `schemas.enable`.',
  }),
  'decimal.format': Type.String({
    enum: ['BASE64', 'NUMERIC'],
    ignoreCase: true,
    default: 'BASE64',
    importance: 'low',
    group: 'Serialization',
    order: 0,
    width: 'medium',
    displayName: 'Decimal Format',
    description: 'How decimals are written: `BASE64` of the unscaled value, or `NUMERIC` JSON numbers. Both are read.',
  }),
  'replace.null.with.default': Type.Boolean({
    default: true,
    importance: 'low',
    group: 'Serialization',
    order: 1,
    width: 'medium',
    displayName: 'Replace null with default',
    description: 'Whether null in a field that has a default value is written and read as that default.',
  }),
})

export type JsonConverterProps = PropsOf<typeof jsonConverterConfig>
