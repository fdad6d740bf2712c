import { ErrorCode, ProtocolError } from '../../protocol/errors.ts'
import { LEADER_EPOCH } from '../topics.ts'

/** Compares the leader epoch that a client believes in with ours; -1 = it does not say. Throws if they differ. */
export function checkLeaderEpoch(epoch: number): void {
  if (epoch === -1 || epoch === LEADER_EPOCH) return
  if (epoch < LEADER_EPOCH) throw new ProtocolError(ErrorCode.FENCED_LEADER_EPOCH)
  throw new ProtocolError(ErrorCode.UNKNOWN_LEADER_EPOCH)
}
