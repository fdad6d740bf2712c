import type { Cluster } from '../cluster.ts'
import { type CallOptions, type IsolationLevel, listOffsets, type OffsetQuery, type OffsetResult } from '../offsets.ts'
import type { TopicMetadata } from '../metadata.ts'
import {
  type AlterConfigResult,
  alterConfigs,
  type ConfigChange,
  type ConfigResource,
  describeConfigs,
  type DescribedConfig,
} from './configs.ts'
import * as groups from './groups.ts'
import * as topics from './topics.ts'

/**
 * Administration of a cluster. Calls about several things give a result for each with `error` (null when it went well);
 * they throw only when nothing could be asked at all. Every call takes `timeoutMs` (default `default.api.timeout.ms`) and `signal`.
 */
export class Admin {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  createTopics(list: readonly topics.NewTopic[], options: CallOptions & { validateOnly?: boolean } = {}) {
    return topics.createTopics(this.#cluster, list, options)
  }

  deleteTopics(names: readonly string[], options: CallOptions = {}) {
    return topics.deleteTopics(this.#cluster, names, options)
  }

  createPartitions(
    list: readonly { name: string; count: number }[],
    options: CallOptions & { validateOnly?: boolean } = {},
  ) {
    return topics.createPartitions(this.#cluster, list, options)
  }

  /** Metadata of topics, without creating missing ones. */
  describeTopics(names: readonly string[], options: CallOptions = {}) {
    return topics.describeTopics(this.#cluster, names, options)
  }

  listTopics(options: CallOptions = {}): Promise<TopicMetadata[]> {
    return topics.listTopics(this.#cluster, options)
  }

  deleteRecords(list: readonly topics.RecordsToDelete[], options: CallOptions = {}) {
    return topics.deleteRecords(this.#cluster, list, options)
  }

  describeCluster(options: CallOptions = {}) {
    return topics.describeCluster(this.#cluster, options)
  }

  describeConfigs(resources: readonly ConfigResource[], options: CallOptions = {}): Promise<DescribedConfig[]> {
    return describeConfigs(this.#cluster, resources, options)
  }

  incrementalAlterConfigs(
    changes: readonly ConfigChange[],
    options: CallOptions & { validateOnly?: boolean } = {},
  ): Promise<AlterConfigResult[]> {
    return alterConfigs(this.#cluster, changes, options)
  }

  listOffsets(
    queries: readonly OffsetQuery[],
    options: CallOptions & { isolationLevel?: IsolationLevel } = {},
  ): Promise<OffsetResult[]> {
    return listOffsets(this.#cluster, queries, options.isolationLevel, options)
  }

  listGroups(options: CallOptions & { states?: string[] } = {}) {
    return groups.listGroups(this.#cluster, options)
  }

  describeGroups(ids: readonly string[], options: CallOptions = {}) {
    return groups.describeGroups(this.#cluster, ids, options)
  }

  deleteGroups(ids: readonly string[], options: CallOptions = {}) {
    return groups.deleteGroups(this.#cluster, ids, options)
  }

  /** A group's committed offsets: of `partitions`, or all. */
  listGroupOffsets(group: string, options: CallOptions & { partitions?: groups.Partitions } = {}) {
    return groups.listGroupOffsets(this.#cluster, group, options)
  }

  /** Sets committed offsets of a group that has no members. @throws ProtocolError (UNKNOWN_MEMBER_ID) when it has. */
  alterGroupOffsets(group: string, offsets: groups.Offsets, options: CallOptions = {}): Promise<void> {
    return groups.alterGroupOffsets(this.#cluster, group, offsets, options)
  }

  deleteGroupOffsets(group: string, partitions: groups.Partitions, options: CallOptions = {}) {
    return groups.deleteGroupOffsets(this.#cluster, group, partitions, options)
  }

  /** Takes static members out of a group by their `group.instance.id`, or any member by its id. */
  removeMembers(group: string, members: readonly groups.MemberToRemove[], options: CallOptions = {}): Promise<void> {
    return groups.removeMembers(this.#cluster, group, members, options)
  }
}
