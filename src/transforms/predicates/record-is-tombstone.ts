import { config, definePredicate, millraceVersion } from '../../connect/index.ts'

export const recordIsTombstone = definePredicate({
  class: 'org.apache.kafka.connect.transforms.predicates.RecordIsTombstone',
  version: millraceVersion,
  summary: 'True for records whose value is null.',
  config: config({}),
  create: () => ({
    test: (record) => (record.value ?? null) === null,
    // The value of a row is a struct, unless a transform has made it a single value, which may be null.
    testPlan: (plan) => (plan.value.schema.type === 'STRUCT' ? false : null),
  }),
})
