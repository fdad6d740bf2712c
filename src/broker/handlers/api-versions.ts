import { ErrorCode } from '../../protocol/errors.ts'
import { ApiVersions } from '../../protocol/messages/index.ts'
import { defineHandler } from './handler.ts'

const softwareName = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?$/

/** No features are finalized: transactions of version 2 and the new group protocol are not offered. */
export const apiVersions = defineHandler(ApiVersions, [0, 4], {
  handle(request, { apiVersion, broker }) {
    if (
      apiVersion >= 3 &&
      !(softwareName.test(request.clientSoftwareName) && softwareName.test(request.clientSoftwareVersion))
    ) {
      return { errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] }
    }
    return { errorCode: ErrorCode.NONE, apiKeys: [...broker.apiRanges] }
  },
  refuse: (_request, { code }) => ({ errorCode: code, apiKeys: [] }),
})
