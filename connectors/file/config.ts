import { config, type PropsOf, Type } from 'millrace/connect'

export const fileSourceConfig = config({
  file: Type.String({
    default: null,
    importance: 'high',
    description: 'Source file. If not specified, the standard input of the worker is read.',
  }),
  topic: Type.String({ minLength: 1, importance: 'high', description: 'The topic to publish data to.' }),
  'batch.size': Type.Integer({
    default: 2000,
    importance: 'low',
    description: 'The most lines that the source takes at a time.',
  }),
})

export const fileSinkConfig = config({
  file: Type.String({
    default: null,
    importance: 'high',
    description: 'Destination file. If not specified, the standard output of the worker is written to.',
  }),
})

export type FileSourceProps = PropsOf<typeof fileSourceConfig>
export type FileSinkProps = PropsOf<typeof fileSinkConfig>
