import { Admin, createCluster } from '../../src/client/index.ts'

/** Tells how many records a topic has, by the ends of its partitions. */
export interface TopicEnd {
  /** Sum of the end offsets; 0 while there is no such topic. */
  offset(): Promise<number>
  close(): Promise<void>
}

export async function openTopicEnd(bootstrapServer: string, topic: string): Promise<TopicEnd> {
  const cluster = createCluster({ bootstrapServers: [bootstrapServer], clientId: 'millrace-rig' })
  const admin = new Admin(cluster)
  let partitions = 0
  return {
    async offset() {
      if (partitions === 0) {
        const [described] = await admin.describeTopics([topic])
        partitions = described?.topic?.partitions.length ?? 0
        if (partitions === 0) return 0
      }
      const queries = Array.from({ length: partitions }, (_none, partition) => ({
        topic,
        partition,
        at: 'latest' as const,
      }))
      const results = await admin.listOffsets(queries)
      return results.reduce((sum, { offset }) => sum + Math.max(0, offset), 0)
    },
    close: () => cluster.close(),
  }
}
