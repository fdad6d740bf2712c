import { config, defineTransform, millraceVersion } from '../connect/index.ts'

export const filter = defineTransform({
  class: 'org.apache.kafka.connect.transforms.Filter',
  version: millraceVersion,
  summary: 'Drops every record that it is applied to; a predicate says which.',
  config: config({}),
  create: () => ({
    apply: () => null,
    applyToPlan: () => 'dropped' as const,
  }),
})
