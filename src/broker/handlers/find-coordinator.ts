import { ErrorCode, type ProtocolError } from '../../protocol/errors.ts'
import { FindCoordinator, type RequestOf } from '../../protocol/messages/index.ts'
import { defineHandler, type RequestContext } from './handler.ts'

const GROUP = 0

/**
 * This broker coordinates every group. Whoever looks for a coordinator of transactions or share groups gets an error that
 * clients do not retry, so that they fail at once and with the reason.
 */
export const findCoordinator = defineHandler(FindCoordinator, [0, 6], {
  handle(request, context) {
    if (request.keyType !== GROUP) {
      const errorMessage = 'This broker does not serve transactions or share groups'
      return answer(request, context, { ...nobody, errorCode: ErrorCode.INVALID_REQUEST, errorMessage })
    }
    const { host, port } = context.broker.advertised(context.listener)
    const { nodeId } = context.broker.config
    return answer(request, context, { nodeId, host, port, errorCode: ErrorCode.NONE, errorMessage: null })
  },
  refuse: (request, { code, message }: ProtocolError, context) =>
    answer(request, context, { ...nobody, errorCode: code, errorMessage: message }),
})

interface Found {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly errorCode: number
  readonly errorMessage: string | null
}

const nobody = { nodeId: -1, host: '', port: -1 }

function answer(request: RequestOf<typeof FindCoordinator>, { apiVersion }: RequestContext, found: Found) {
  return apiVersion >= 4 ? { coordinators: request.coordinatorKeys.map((key) => ({ key, ...found })) } : found
}
