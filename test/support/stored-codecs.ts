import { Fetch } from '../../src/protocol/messages/index.ts'
import { iterateBatches } from '../../src/protocol/records/batch.ts'
import { WireClient } from './wire-client.ts'

/** The codecs of the batches that a partition holds, each once: whether a client really compressed what it sent. */
export async function storedCodecs(port: number, topic: string, partition: number): Promise<string[]> {
  const client = await WireClient.connect(port)
  try {
    const partitions = [{ partition, fetchOffset: 0, partitionMaxBytes: 1e8 }]
    const body = { maxWaitMs: 0, minBytes: 1, maxBytes: 5e7, topics: [{ topic, partitions }] }
    const { responses } = await client.send(Fetch, 11, body)
    const records = responses[0]?.partitions[0]?.records ?? new Uint8Array(0)
    return [...new Set([...iterateBatches(records)].map(({ compression }) => compression))]
  } finally {
    client.close()
  }
}
