import {
  config,
  type ConnectRecord,
  defineTransform,
  type Header,
  millraceVersion,
  type PropsOf,
  type RowPlan,
  type Transform,
} from '../connect/index.ts'
import { names } from './settings.ts'

const dropHeadersConfig = config({ headers: names('Names of the headers to remove.') })

class DropHeaders implements Transform {
  readonly #names: ReadonlySet<string>

  constructor(props: PropsOf<typeof dropHeadersConfig>) {
    this.#names = new Set(props.headers)
  }

  apply<R extends ConnectRecord>(record: R): R {
    return this.#drop(record, record.headers)
  }

  applyToPlan(plan: RowPlan): RowPlan {
    return this.#drop(plan, plan.headers)
  }

  #drop<T extends object>(carrier: T, headers: readonly Header[] | undefined): T {
    const kept = headers?.filter(({ key }) => !this.#names.has(key))
    return kept === undefined || kept.length === headers?.length ? carrier : { ...carrier, headers: kept }
  }
}

export const dropHeaders = defineTransform({
  class: 'org.apache.kafka.connect.transforms.DropHeaders',
  version: millraceVersion,
  summary: 'Removes the headers of given names.',
  config: dropHeadersConfig,
  create: (props) => new DropHeaders(props),
})
