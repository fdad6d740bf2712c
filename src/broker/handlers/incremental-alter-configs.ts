import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { IncrementalAlterConfigs } from '../../protocol/messages/index.ts'
import { alterConfigs as alter } from '../alter-configs.ts'
import { defineHandler, duplicatesOf, toProtocolError } from './handler.ts'

/** Changes single settings: sets, unsets, adds to lists or takes from them. */
export const incrementalAlterConfigs = defineHandler(IncrementalAlterConfigs, [0, 1], {
  async handle(request, context) {
    const { validateOnly } = request
    const keyOf = (type: number, name: string): string => `${type} ${name}`
    const twice = duplicatesOf(request.resources.map((resource) => keyOf(resource.resourceType, resource.resourceName)))
    const responses = request.resources.map(async ({ resourceType, resourceName, configs }) => {
      try {
        if (twice.has(keyOf(resourceType, resourceName))) {
          throw new ProtocolError(ErrorCode.INVALID_REQUEST, 'Each resource must appear at most once.')
        }
        await alter(context.broker, { resourceType, resourceName, changes: configs, replacesAll: false, validateOnly })
        return { errorCode: ErrorCode.NONE, errorMessage: null, resourceType, resourceName }
      } catch (error) {
        const { code, message } = toProtocolError(error, context, `Changing the configs of ${resourceName}`)
        return { errorCode: code, errorMessage: message, resourceType, resourceName }
      }
    })
    return { responses: await Promise.all(responses) }
  },
  refuse: (request, { code, message }) => ({
    responses: request.resources.map(({ resourceType, resourceName }) => ({
      errorCode: code,
      errorMessage: message,
      resourceType,
      resourceName,
    })),
  }),
})
