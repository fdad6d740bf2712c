import {
  config,
  type ConnectRecord,
  defineTransform,
  JavaRegex,
  javaRegexFault,
  millraceVersion,
  type PropsOf,
  type RowPlan,
  type Transform,
  Type,
} from '../connect/index.ts'
import { faultySetting } from './settings.ts'

const regexRouterConfig = config({
  regex: Type.String({
    importance: 'high',
    description: 'Regular expression that the whole topic has to match.',
    check: javaRegexFault,
  }),
  replacement: Type.String({ importance: 'high', description: 'Replacement; `$1` is the first group, and so on.' }),
})

class RegexRouter implements Transform {
  readonly #regex: JavaRegex
  readonly #replacement: string

  constructor(props: PropsOf<typeof regexRouterConfig>) {
    this.#regex = new JavaRegex(props.regex)
    this.#replacement = props.replacement
    const fault = this.#regex.replacementFault(props.replacement)
    if (fault !== undefined) throw faultySetting('replacement', props.replacement, fault)
  }

  apply<R extends ConnectRecord>(record: R): R {
    const topic = this.#route(record.topic)
    return topic === record.topic ? record : { ...record, topic }
  }

  applyToPlan(plan: RowPlan): RowPlan | null {
    const topic = this.#route(plan.topic)
    return topic === plan.topic ? plan : { ...plan, topic }
  }

  #route(topic: string): string {
    return this.#regex.matches(topic) ? this.#regex.replaceFirst(topic, this.#replacement) : topic
  }
}

export const regexRouter = defineTransform({
  class: 'org.apache.kafka.connect.transforms.RegexRouter',
  version: millraceVersion,
  summary: 'Changes the topic by a regular expression and a replacement.',
  config: regexRouterConfig,
  create: (props) => new RegexRouter(props),
})
