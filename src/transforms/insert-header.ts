import {
  config,
  type ConnectRecord,
  defineTransform,
  type Header,
  millraceVersion,
  parseHeaderText,
  type PropsOf,
  type RowPlan,
  type Transform,
  Type,
} from '../connect/index.ts'

const NULL = 'entry must be non null'

const insertHeaderConfig = config({
  header: Type.String({ importance: 'high', description: 'Name of the header.', ifMissing: NULL }),
  'value.literal': Type.String({
    importance: 'high',
    description:
      'Value of the header in every record. What it looks like decides its type: `true` is a BOOLEAN, `7` an INT8, `2024-01-31` a Date, and so on.',
    ifMissing: NULL,
  }),
})

class InsertHeader implements Transform {
  readonly #header: Header

  constructor(props: PropsOf<typeof insertHeaderConfig>) {
    this.#header = { key: props.header, ...parseHeaderText(props['value.literal']) }
  }

  apply<R extends ConnectRecord>(record: R): R {
    return { ...record, headers: [...(record.headers ?? []), this.#header] }
  }

  applyToPlan(plan: RowPlan): RowPlan {
    return { ...plan, headers: [...(plan.headers ?? []), this.#header] }
  }
}

export const insertHeader = defineTransform({
  class: 'org.apache.kafka.connect.transforms.InsertHeader',
  version: millraceVersion,
  summary: 'Adds a header of the same value to every record.',
  config: insertHeaderConfig,
  create: (props) => new InsertHeader(props),
})
