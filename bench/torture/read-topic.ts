import { Kafka, logLevel } from 'kafkajs'

/** The values of a topic with one partition; the index is the offset. */
export type TopicValues = readonly string[]

/**
 * Reads whole topics with one partition each, up to their ends at the moment of the call, with a client that shares no code
 * with the worker. Throws when offsets are missing or out of order.
 */
export async function readTopics(
  bootstrapServer: string,
  topics: readonly string[],
): Promise<Map<string, TopicValues>> {
  const kafka = new Kafka({ clientId: 'torture-check', brokers: [bootstrapServer], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  const consumer = kafka.consumer({ groupId: `torture-check-${process.hrtime.bigint()}` })
  const values = new Map<string, string[]>(topics.map((topic) => [topic, []]))
  try {
    await admin.connect()
    const missing = new Map<string, number>()
    for (const topic of topics) {
      const partitions = await admin.fetchTopicOffsets(topic)
      const [only] = partitions
      if (partitions.length !== 1 || only === undefined) throw new Error(`${topic} has ${partitions.length} partitions`)
      if (only.low !== '0') throw new Error(`${topic} begins at offset ${only.low}`)
      missing.set(topic, Number(only.high))
    }
    await consumer.connect()
    await consumer.subscribe({ topics: [...topics], fromBeginning: true })
    const isDone = (): boolean => topics.every((topic) => (values.get(topic)?.length ?? 0) >= (missing.get(topic) ?? 0))
    await new Promise<void>((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error(`${topics.join(', ')} could not be read within 30 s`)), 30_000)
      const finish = (error?: unknown): void => {
        clearTimeout(deadline)
        if (error === undefined) resolve()
        else reject(error)
      }
      consumer.on('consumer.crash', ({ payload }) => finish(payload.error))
      if (isDone()) finish()
      consumer
        .run({
          eachBatch: async ({ batch }) => {
            const read = values.get(batch.topic) as string[]
            for (const { offset, value } of batch.messages) {
              if (Number(offset) !== read.length) {
                finish(new Error(`${batch.topic}: offset ${offset} came where ${read.length} was due`))
                return
              }
              read.push(String(value))
            }
            if (isDone()) finish()
          },
        })
        .catch(finish)
    })
  } finally {
    await consumer.disconnect()
    await admin.disconnect()
  }
  return values
}
