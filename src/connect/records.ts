import type { Schema } from './data/schema.ts'

/** A record header. `schema` null means schemaless. */
export interface Header {
  readonly key: string
  readonly schema: Schema | null
  readonly value: unknown
}

/** What source and sink records share; what transforms and predicates see. Records are immutable: copy to change. */
export interface ConnectRecord {
  readonly topic: string
  /** Partition of the topic; null or absent lets the partitioner choose (by key, else sticky). */
  readonly kafkaPartition?: number | null
  readonly keySchema?: Schema | null
  readonly key?: unknown
  readonly valueSchema?: Schema | null
  readonly value?: unknown
  /** Milliseconds since the epoch; null or absent: the producer's clock. */
  readonly timestamp?: number | null
  readonly headers?: readonly Header[]
}

/** Flat maps of null, string, boolean, number, bigint: what Connect stores as source partition and source offset. */
export type SourcePartition = Readonly<Record<string, unknown>>
export type SourceOffset = Readonly<Record<string, unknown>>

/** A record for Kafka, with the place in the source to resume after once it is stored. */
export interface SourceRecord extends ConnectRecord {
  readonly sourcePartition: SourcePartition
  readonly sourceOffset: SourceOffset
}

/** A record from Kafka. `topic`, `kafkaPartition` may have been changed by a transform; the `original…` never are. */
export interface SinkRecord extends ConnectRecord {
  readonly kafkaPartition: number
  readonly kafkaOffset: number
  readonly timestampType: 'CreateTime' | 'LogAppendTime' | 'NoTimestampType'
  readonly originalTopic: string
  readonly originalKafkaPartition: number
  readonly originalKafkaOffset: number
}

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** Next offset to read, for a topic partition. */
export interface TopicPartitionOffset extends TopicPartition {
  readonly offset: number
}
