import type { ConverterPlugin, HeaderConverterPlugin } from '../connect/index.ts'
import { asHeaderConverter } from './as-header-converter.ts'
import { byteArrayConverter } from './byte-array.ts'
import { jsonConverter } from './json/json-converter.ts'
import { primitiveConverters } from './primitives.ts'
import { simpleHeaderConverter } from './simple-header.ts'
import { stringConverter } from './string.ts'

const converters = [byteArrayConverter, ...primitiveConverters, jsonConverter, stringConverter] as ConverterPlugin[]

/** The bundled converters, and the header converters among them: each converter serves as both. */
export const converterPlugins: readonly (ConverterPlugin | HeaderConverterPlugin)[] = [
  ...converters,
  ...converters.map(asHeaderConverter),
  simpleHeaderConverter as HeaderConverterPlugin,
]

export { jsonConverter } from './json/json-converter.ts'
export { simpleHeaderConverter } from './simple-header.ts'
export { stringConverter } from './string.ts'
