import type { PredicatePlugin, TransformPlugin } from '../connect/index.ts'
import { castPlugins } from './cast.ts'
import { dropHeaders } from './drop-headers.ts'
import { extractFieldPlugins } from './extract-field.ts'
import { filter } from './filter.ts'
import { flattenPlugins } from './flatten.ts'
import { headerFromPlugins } from './header-from.ts'
import { hoistFieldPlugins } from './hoist-field.ts'
import { insertFieldPlugins } from './insert-field.ts'
import { insertHeader } from './insert-header.ts'
import { hasHeaderKey } from './predicates/has-header-key.ts'
import { recordIsTombstone } from './predicates/record-is-tombstone.ts'
import { topicNameMatches } from './predicates/topic-name-matches.ts'
import { maskFieldPlugins } from './mask-field.ts'
import { regexRouter } from './regex-router.ts'
import { replaceFieldPlugins } from './replace-field.ts'
import { setSchemaMetadataPlugins } from './set-schema-metadata.ts'
import { timestampConverterPlugins } from './timestamp-converter.ts'
import { timestampRouter } from './timestamp-router.ts'
import { valueToKey } from './value-to-key.ts'

/** The bundled transforms. */
export const transformPlugins = [
  ...castPlugins,
  dropHeaders,
  ...extractFieldPlugins,
  filter,
  ...flattenPlugins,
  ...headerFromPlugins,
  ...hoistFieldPlugins,
  ...insertFieldPlugins,
  insertHeader,
  ...maskFieldPlugins,
  regexRouter,
  ...replaceFieldPlugins,
  ...setSchemaMetadataPlugins,
  ...timestampConverterPlugins,
  timestampRouter,
  valueToKey,
] as readonly TransformPlugin[]

/** The bundled predicates. */
export const predicatePlugins = [hasHeaderKey, recordIsTombstone, topicNameMatches] as readonly PredicatePlugin[]
