import {
  config,
  type ConnectRecord,
  DataError,
  defineTransform,
  millraceVersion,
  type PropsOf,
  type RowPlan,
  type Transform,
  Type,
} from '../connect/index.ts'
import { datePatternFault, JavaDateFormat } from './date-format/java-date-format.ts'

const timestampRouterConfig = config({
  'topic.format': Type.String({
    default: '${topic}-${timestamp}',
    importance: 'high',
    description:
      'The new topic, where `${topic}` stands for the old one and `${timestamp}` for the formatted timestamp.',
  }),
  'timestamp.format': Type.String({
    default: 'yyyyMMdd',
    importance: 'high',
    description: 'Pattern of `java.text.SimpleDateFormat` for the timestamp, in UTC.',
    check: datePatternFault,
  }),
})

class TimestampRouter implements Transform {
  readonly #topicFormat: string
  readonly #format: JavaDateFormat

  constructor(props: PropsOf<typeof timestampRouterConfig>) {
    this.#topicFormat = props['topic.format']
    this.#format = new JavaDateFormat(props['timestamp.format'])
  }

  apply<R extends ConnectRecord>(record: R): R {
    return { ...record, topic: this.#route(record.topic, record.timestamp) }
  }

  applyToPlan(plan: RowPlan): RowPlan | null {
    // The ordinary path says so for each record.
    if (plan.timestamp === null) return null
    return { ...plan, topic: this.#route(plan.topic, plan.timestamp) }
  }

  #route(topic: string, timestamp: number | null | undefined): string {
    if (timestamp === null || timestamp === undefined)
      throw new DataError(`Timestamp missing on record of topic ${topic}`)
    const text = this.#format.format(timestamp)
    return this.#topicFormat.replaceAll('${topic}', () => topic).replaceAll('${timestamp}', () => text)
  }
}

export const timestampRouter = defineTransform({
  class: 'org.apache.kafka.connect.transforms.TimestampRouter',
  version: millraceVersion,
  summary: 'Makes the topic of the old one and the timestamp of the record.',
  config: timestampRouterConfig,
  create: (props) => new TimestampRouter(props),
})
