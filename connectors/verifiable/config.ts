import { config, long, type PropsOf, Type } from 'millrace/connect'

export const verifiableSourceConfig = config({
  topic: Type.String({ minLength: 1, importance: 'high', description: 'The topic to publish to.' }),
  throughput: long({
    importance: 'high',
    description: 'Records a second of each task. Negative: as many as possible; 0: one record, and no more.',
  }),
  'complete.record.data': Type.Boolean({
    default: false,
    importance: 'low',
    description: 'Whether values are structs of all that is printed of a record, instead of the sequence number alone.',
  }),
})

export const verifiableSinkConfig = config({})

export type VerifiableSourceProps = PropsOf<typeof verifiableSourceConfig>
