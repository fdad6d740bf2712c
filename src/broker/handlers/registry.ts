import type { ApiDefinition } from '../../protocol/messages/index.ts'
import { alterConfigs } from './alter-configs.ts'
import { apiVersions } from './api-versions.ts'
import { createPartitions } from './create-partitions.ts'
import { createTopics } from './create-topics.ts'
import { deleteGroups } from './delete-groups.ts'
import { deleteRecords } from './delete-records.ts'
import { deleteTopics } from './delete-topics.ts'
import { describeCluster } from './describe-cluster.ts'
import { describeConfigs } from './describe-configs.ts'
import { describeGroups } from './describe-groups.ts'
import { describeLogDirs } from './describe-log-dirs.ts'
import { describeProducers } from './describe-producers.ts'
import { describeTopicPartitions } from './describe-topic-partitions.ts'
import { fetch } from './fetch.ts'
import { findCoordinator } from './find-coordinator.ts'
import type { Handler } from './handler.ts'
import { heartbeat } from './heartbeat.ts'
import { incrementalAlterConfigs } from './incremental-alter-configs.ts'
import { initProducerId } from './init-producer-id.ts'
import { joinGroup } from './join-group.ts'
import { leaveGroup } from './leave-group.ts'
import { listGroups } from './list-groups.ts'
import { listOffsets } from './list-offsets.ts'
import { metadata } from './metadata.ts'
import { offsetCommit } from './offset-commit.ts'
import { offsetDelete } from './offset-delete.ts'
import { offsetFetch } from './offset-fetch.ts'
import { offsetForLeaderEpoch } from './offset-for-leader-epoch.ts'
import { produce } from './produce.ts'
import { syncGroup } from './sync-group.ts'

/** Forgets the types of one API's messages; the dispatcher only passes on what the same API's codec has read. */
function anyApi<Api extends ApiDefinition>(handler: Handler<Api>): Handler {
  return handler as unknown as Handler
}

/** Everything that this broker serves; nothing else is offered to clients. */
export const handlers: readonly Handler[] = [
  anyApi(produce),
  anyApi(fetch),
  anyApi(listOffsets),
  anyApi(metadata),
  anyApi(findCoordinator),
  anyApi(apiVersions),
  anyApi(createTopics),
  anyApi(deleteTopics),
  anyApi(deleteRecords),
  anyApi(initProducerId),
  anyApi(offsetForLeaderEpoch),
  anyApi(describeConfigs),
  anyApi(alterConfigs),
  anyApi(describeLogDirs),
  anyApi(createPartitions),
  anyApi(incrementalAlterConfigs),
  anyApi(describeCluster),
  anyApi(describeProducers),
  anyApi(describeTopicPartitions),
  anyApi(joinGroup),
  anyApi(syncGroup),
  anyApi(heartbeat),
  anyApi(leaveGroup),
  anyApi(offsetCommit),
  anyApi(offsetFetch),
  anyApi(offsetDelete),
  anyApi(describeGroups),
  anyApi(listGroups),
  anyApi(deleteGroups),
]
