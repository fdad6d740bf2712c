import { boolean, int16, int32, int64, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Commits or aborts a transaction. From version 5 on the producer gets a new epoch with it (KIP-890). */
export const EndTxn = defineApi({
  key: 26,
  name: 'EndTxn',
  versions: [0, 5],
  flexible: 3,
  request: {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    committed: boolean(),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    producerId: int64('5+').default(-1),
    producerEpoch: int16('5+').default(-1),
  },
})
