// What other parts may use of the client.

export { Admin } from './admin/admin.ts'
export type {
  AlterConfigResult,
  ConfigChange,
  ConfigEntry,
  ConfigResource,
  DescribedConfig,
  ResourceType,
} from './admin/configs.ts'
export type { DescribedGroup, ListedGroup } from './admin/groups.ts'
export type { ClusterDescription, CreatedTopic, DescribedTopic, NamedResult, NewTopic } from './admin/topics.ts'
export { Cluster, createCluster, type RequestOptions, type RetryOptions, type Target } from './cluster.ts'
export { Consumer } from './consumer/consumer.ts'
export {
  type AbortedTransaction,
  type ConsumerRecord,
  columnsOf,
  type DecodeFetchedOptions,
  type FetchedColumns,
  type FetchedRecords,
  recordsOf,
} from './consumer/fetched-records.ts'
export type { RebalanceListener, SubscribedTopics } from './consumer/membership.ts'
export type {
  AssignmentStrategy,
  AutoOffsetReset,
  ConsumerOptions,
  ResolvedConsumerOptions,
} from './consumer/options.ts'
export {
  AbortedError,
  ClientConfigError,
  ClientTimeoutError,
  ClosedError,
  ConnectionError,
  isRetriable,
} from './errors.ts'
export {
  type GroupHandler,
  GroupMember,
  type GroupMemberOptions,
  type JoinedMember,
  type MemberState,
} from './group/member.ts'
export type { BrokerNode, PartitionMetadata, TopicMetadata } from './metadata.ts'
export type {
  CallOptions,
  CommittedOffset,
  Committer,
  IsolationLevel,
  OffsetQuery,
  OffsetResult,
  OffsetSpec,
  OffsetToCommit,
} from './offsets.ts'
export type { ClientOptions, ResolvedClientOptions } from './options.ts'
export type { ProducerOptions, ResolvedProducerOptions } from './producer/options.ts'
export { Producer, type ProducerRecord } from './producer/producer.ts'
export {
  clientOptionsFromProperties,
  consumerOptionsFromProperties,
  type Properties,
  producerOptionsFromProperties,
} from './properties.ts'
export { partitionKey, type TopicPartition } from './topic-partition.ts'
