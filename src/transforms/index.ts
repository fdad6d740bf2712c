import type { PredicatePlugin, TransformPlugin } from '../connect/index.ts'
import { extractFieldPlugins } from './extract-field.ts'
import { insertFieldPlugins } from './insert-field.ts'
import { hasHeaderKey } from './predicates/has-header-key.ts'
import { recordIsTombstone } from './predicates/record-is-tombstone.ts'
import { topicNameMatches } from './predicates/topic-name-matches.ts'
import { regexRouter } from './regex-router.ts'
import { replaceFieldPlugins } from './replace-field.ts'
import { valueToKey } from './value-to-key.ts'

/** The bundled transforms. */
export const transformPlugins = [
  ...extractFieldPlugins,
  ...insertFieldPlugins,
  regexRouter,
  ...replaceFieldPlugins,
  valueToKey,
] as readonly TransformPlugin[]

/** The bundled predicates. */
export const predicatePlugins = [hasHeaderKey, recordIsTombstone, topicNameMatches] as readonly PredicatePlugin[]
