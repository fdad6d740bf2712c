import { array, boolean, int16, int32, int64, string } from '../schema/field.ts'
import { defineApi } from '../schema/message.ts'

const addPartitionsToTxnTopic = { name: string(), partitions: array(int32()) }

const addPartitionsToTxnPartitionResult = { partitionIndex: int32(), partitionErrorCode: int16() }

const addPartitionsToTxnTopicResult = {
  name: string(),
  resultsByPartition: array(addPartitionsToTxnPartitionResult),
}

/** Adds partitions to a transaction. Versions from 4 on go from broker to broker only and carry several transactions. */
export const AddPartitionsToTxn = defineApi({
  key: 24,
  name: 'AddPartitionsToTxn',
  versions: [0, 5],
  flexible: 3,
  request: {
    transactions: array(
      {
        transactionalId: string(),
        producerId: int64(),
        producerEpoch: int16(),
        verifyOnly: boolean(),
        topics: array(addPartitionsToTxnTopic),
      },
      '4+',
    ),
    v3AndBelowTransactionalId: string('0-3'),
    v3AndBelowProducerId: int64('0-3'),
    v3AndBelowProducerEpoch: int16('0-3'),
    v3AndBelowTopics: array(addPartitionsToTxnTopic, '0-3'),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16('4+'),
    resultsByTransaction: array(
      {
        transactionalId: string(),
        topicResults: array(addPartitionsToTxnTopicResult),
      },
      '4+',
    ),
    resultsByTopicV3AndBelow: array(addPartitionsToTxnTopicResult, '0-3'),
  },
})
