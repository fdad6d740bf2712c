import { boolean, int16, int32, int64, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

/** Hands out a producer id and epoch, fencing older producers of the same transactional id. */
export const InitProducerId = defineApi({
  key: 22,
  name: 'InitProducerId',
  versions: [0, 6],
  flexible: 2,
  request: {
    transactionalId: string().nullable(),
    transactionTimeoutMs: int32(),
    producerId: int64('3+').default(-1),
    producerEpoch: int16('3+').default(-1),
    enable2Pc: boolean('6+'),
    keepPreparedTxn: boolean('6+'),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    producerId: int64().default(-1),
    producerEpoch: int16(),
    ongoingTxnProducerId: int64('6+').default(-1),
    ongoingTxnProducerEpoch: int16('6+').default(-1),
  },
})
