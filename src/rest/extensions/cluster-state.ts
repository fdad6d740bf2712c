import { withDeadline } from '../../base/deadline.ts'
import type { RestClusterState, RestExtensionState } from '../../connect/index.ts'
import type { Herder } from '../../runtime/index.ts'

type StateEntry = Awaited<ReturnType<Herder['connectorStatus']>>['connector']

/** The herder as extensions see it; each call ends in time. */
export function clusterState(herder: Herder, timeoutMs: number): RestClusterState {
  const inTime = <T>(answer: Promise<T>): Promise<T> =>
    withDeadline(answer, timeoutMs, 'A question of a REST extension')
  return {
    connectors: () => inTime(herder.connectors()),
    connectorConfig: (connector) => inTime(herder.connectorConfig(connector)),
    kafkaClusterId: async () => (await inTime(herder.serverInfo())).kafka_cluster_id,
    async connectorHealth(connector) {
      const { name, type, connector: own, tasks } = await inTime(herder.connectorStatus(connector))
      return { name, type, connector: shown(own), tasks: tasks.map((task) => ({ id: task.id, ...shown(task) })) }
    },
  }
}

function shown({ state, worker_id: workerId, trace }: StateEntry): RestExtensionState {
  return { state, workerId, trace: trace ?? null }
}
