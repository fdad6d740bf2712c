import { Kafka, logLevel } from 'kafkajs'

export interface ReadRecord {
  readonly key: string | null
  readonly value: string | null
  readonly offset: number
  readonly partition: number
  /** Milliseconds since the epoch. */
  readonly timestamp: number
}

/** Reads `count` records of a topic from its beginning with kafkajs; fails when they do not come in time. */
export async function readTopic(
  bootstrapServer: string,
  topic: string,
  count: number,
  timeoutMs = 20_000,
): Promise<ReadRecord[]> {
  const kafka = new Kafka({ brokers: [bootstrapServer], logLevel: logLevel.NOTHING, clientId: 'reader' })
  const consumer = kafka.consumer({
    groupId: `reader-${topic}-${process.pid}-${Math.random().toString(36).slice(2)}`,
    maxWaitTimeInMs: 100,
  })
  const records: ReadRecord[] = []
  await consumer.connect()
  try {
    await consumer.subscribe({ topic, fromBeginning: true })
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`only ${records.length} of ${count} records of ${topic} came within ${timeoutMs} ms`)),
        timeoutMs,
      )
      consumer
        .run({
          eachMessage: async ({ partition, message }) => {
            records.push({
              key: message.key?.toString() ?? null,
              value: message.value?.toString() ?? null,
              offset: Number(message.offset),
              partition,
              timestamp: Number(message.timestamp),
            })
            if (records.length >= count) {
              clearTimeout(timer)
              resolve()
            }
          },
        })
        .catch(reject)
    })
    return records
  } finally {
    await consumer.disconnect()
  }
}
