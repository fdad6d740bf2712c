import { ErrorCode } from '../../protocol/errors.ts'
import { ListGroups } from '../../protocol/messages/index.ts'
import { defineHandler } from './handler.ts'

export const listGroups = defineHandler(ListGroups, [0, 5], {
  handle(request, { broker }) {
    const states = lowerCase(request.statesFilter)
    const types = lowerCase(request.typesFilter)
    const groups = broker.groups
      .list()
      .filter(({ state }) => states.size === 0 || states.has(state.toLowerCase()))
      .filter(() => types.size === 0 || types.has('classic'))
      .map(({ id, protocolType, state }) => ({
        groupId: id,
        protocolType: protocolType ?? '',
        groupState: state,
        groupType: 'classic',
      }))
    return { errorCode: ErrorCode.NONE, groups }
  },
  refuse: (_request, { code }) => ({ errorCode: code, groups: [] }),
})

function lowerCase(words: readonly string[]): Set<string> {
  return new Set(words.map((word) => word.toLowerCase()))
}
