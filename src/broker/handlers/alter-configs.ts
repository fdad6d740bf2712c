import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { AlterConfigs } from '../../protocol/messages/index.ts'
import { alterConfigs as alter } from '../alter-configs.ts'
import { defineHandler, duplicatesOf, toProtocolError } from './handler.ts'

const SET = 0

/** Replaces all settings of a resource by those given: the old way, IncrementalAlterConfigs is the better one. */
export const alterConfigs = defineHandler(AlterConfigs, [0, 2], {
  async handle(request, context) {
    const { validateOnly } = request
    const keyOf = (type: number, name: string): string => `${type} ${name}`
    const twice = duplicatesOf(request.resources.map((resource) => keyOf(resource.resourceType, resource.resourceName)))
    const responses = request.resources.map(async ({ resourceType, resourceName, configs }) => {
      try {
        if (twice.has(keyOf(resourceType, resourceName))) {
          throw new ProtocolError(ErrorCode.INVALID_REQUEST, 'Each resource must appear at most once.')
        }
        const changes = configs.map(({ name, value }) => ({ name, value, configOperation: SET }))
        await alter(context.broker, { resourceType, resourceName, changes, replacesAll: true, validateOnly })
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
