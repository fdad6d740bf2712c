import { config, definePredicate, millraceVersion, Type } from '../../connect/index.ts'

export const hasHeaderKey = definePredicate({
  class: 'org.apache.kafka.connect.transforms.predicates.HasHeaderKey',
  version: millraceVersion,
  summary: 'True for records that have at least one header of a name.',
  config: config({
    name: Type.String({ importance: 'medium', minLength: 1, description: 'The name of the header.' }),
  }),
  create: (props) => ({
    test: (record) => record.headers?.some(({ key }) => key === props.name) ?? false,
    testPlan: (plan) => plan.headers?.some(({ key }) => key === props.name) ?? false,
  }),
})
