import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { DescribeCluster } from '../../protocol/messages/index.ts'
import { clusterOperations } from './authorized-operations.ts'
import { defineHandler, NO_OPERATIONS } from './handler.ts'

const BROKERS = 1
const CONTROLLERS = 2

export const describeCluster = defineHandler(DescribeCluster, [0, 2], {
  handle(request, { broker, listener }) {
    if (request.endpointType === CONTROLLERS) {
      throw new ProtocolError(ErrorCode.MISMATCHED_ENDPOINT_TYPE, 'This is a broker, not a controller, endpoint')
    }
    if (request.endpointType !== BROKERS) throw new ProtocolError(ErrorCode.UNSUPPORTED_ENDPOINT_TYPE)
    const { host, port } = broker.advertised(listener)
    const { nodeId } = broker.config
    const rack = broker.config.stringOrNull('broker.rack')
    return {
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      endpointType: BROKERS,
      clusterId: broker.clusterId,
      controllerId: nodeId,
      brokers: [{ brokerId: nodeId, host, port, rack, isFenced: false }],
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? clusterOperations : NO_OPERATIONS,
    }
  },
  refuse: (request, { code, message }) => ({
    errorCode: code,
    errorMessage: message,
    endpointType: request.endpointType,
    clusterId: '',
    brokers: [],
  }),
})
