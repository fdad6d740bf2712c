import { config, definePredicate, JavaRegex, javaRegexFault, millraceVersion, Type } from '../../connect/index.ts'

export const topicNameMatches = definePredicate({
  class: 'org.apache.kafka.connect.transforms.predicates.TopicNameMatches',
  version: millraceVersion,
  summary: 'True for records whose whole topic name matches a regular expression.',
  config: config({
    pattern: Type.String({
      importance: 'medium',
      minLength: 1,
      description: 'Regular expression for the name of the topic.',
      check: javaRegexFault,
    }),
  }),
  create(props) {
    const regex = new JavaRegex(props.pattern)
    return {
      test: (record) => regex.matches(record.topic),
      testPlan: (plan) => regex.matches(plan.topic),
    }
  },
})
