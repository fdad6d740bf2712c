import type { ConnectProtocol } from '../worker-config.ts'
import { BytesReader, BytesWriter, GroupProtocolError } from './bytes.ts'
import { isNoWork, NO_WORK, type Work } from './work.ts'

/** Version on the wire: 0 eager, 1 incremental cooperative, 2 the same with signed internal requests. */
export type ProtocolVersion = 0 | 1 | 2

/** Sub-protocol names in JoinGroup, best first, with their versions. */
const subProtocols: readonly { name: string; version: ProtocolVersion }[] = [
  { name: 'sessioned', version: 2 },
  { name: 'compatible', version: 1 },
  { name: 'default', version: 0 },
]

/** The sub-protocols that a worker with this `connect.protocol` offers, in order of preference. */
export function offeredProtocols(setting: ConnectProtocol): readonly { name: string; version: ProtocolVersion }[] {
  return subProtocols.slice({ sessioned: 0, compatible: 1, eager: 2 }[setting])
}

export function protocolVersion(subProtocol: string): ProtocolVersion {
  const found = subProtocols.find(({ name }) => name === subProtocol)
  if (found === undefined) throw new GroupProtocolError(`Unknown Connect sub-protocol: ${subProtocol}`)
  return found.version
}

/** What a member says of itself when it joins. */
export interface MemberMetadata {
  /** Its advertised REST address. */
  readonly url: string
  /** Offset after the last configuration record it has read. */
  readonly configOffset: number
  /** What it runs now; always empty in version 0. */
  readonly work: Work
}

/** `ok`, or the group's configurations do not match: read on and join again. */
export type AssignmentError = 'none' | 'config-mismatch'

/** What the leader tells a member. In versions 1 and 2, `assigned` holds only what is new. */
export interface Assignment {
  readonly error: AssignmentError
  readonly leaderId: string
  readonly leaderUrl: string
  readonly configOffset: number
  readonly assigned: Work
  readonly revoked: Work
  /** Milliseconds until the next rebalance that the leader wants; 0 for none. */
  readonly delayMs: number
}

/** Stands for the connector itself among its task numbers. */
const CONNECTOR_TASK = -1

// Metadata => version:int16 url:string configOffset:int64 [v1+ allocation:bytes (an assignment, null when empty)]
export function encodeMetadata(
  metadata: MemberMetadata,
  version: ProtocolVersion,
  leader: { id: string; url: string },
): Uint8Array {
  const out = new BytesWriter()
  out.int16(version)
  out.string(metadata.url)
  out.int64(metadata.configOffset)
  if (version > 0) {
    const allocation: Assignment = {
      error: 'none',
      leaderId: leader.id,
      leaderUrl: leader.url,
      configOffset: metadata.configOffset,
      assigned: metadata.work,
      revoked: NO_WORK,
      delayMs: 0,
    }
    out.bytes(isNoWork(metadata.work) ? null : encodeAssignment(allocation, version))
  }
  return out.finish()
}

export function decodeMetadata(bytes: Uint8Array): MemberMetadata {
  const input = new BytesReader(bytes)
  const version = input.int16()
  const url = input.string()
  const configOffset = input.int64()
  const allocation = version > 0 ? input.bytes() : null
  return { url, configOffset, work: allocation === null ? NO_WORK : decodeAssignment(allocation).assigned }
}

// Assignment => version:int16 error:int16 leader:string leaderUrl:string configOffset:int64 assigned:[Work]
//               [v1+ revoked:[Work] delay:int32]
// Work => connector:string tasks:[int32]      (task −1 is the connector instance)
export function encodeAssignment(assignment: Assignment, version: ProtocolVersion): Uint8Array {
  const out = new BytesWriter()
  out.int16(version)
  out.int16(assignment.error === 'none' ? 0 : 1)
  out.string(assignment.leaderId)
  out.string(assignment.leaderUrl)
  out.int64(assignment.configOffset)
  writeWork(out, assignment.assigned)
  if (version > 0) {
    writeWork(out, assignment.revoked)
    out.int32(assignment.delayMs)
  }
  return out.finish()
}

export function decodeAssignment(bytes: Uint8Array): Assignment {
  const input = new BytesReader(bytes)
  const version = input.int16()
  const error = input.int16() === 0 ? 'none' : 'config-mismatch'
  const leaderId = input.string()
  const leaderUrl = input.string()
  const configOffset = input.int64()
  const assigned = readWork(input)
  const revoked = version > 0 ? readWork(input) : NO_WORK
  const delayMs = version > 0 ? input.int32() : 0
  return { error, leaderId, leaderUrl, configOffset, assigned, revoked, delayMs }
}

function writeWork(out: BytesWriter, work: Work): void {
  const byConnector = new Map<string, number[]>()
  const numbersOf = (connector: string): number[] => {
    const known = byConnector.get(connector)
    if (known !== undefined) return known
    const numbers: number[] = []
    byConnector.set(connector, numbers)
    return numbers
  }
  for (const connector of work.connectors) numbersOf(connector).push(CONNECTOR_TASK)
  for (const { connector, task } of work.tasks) numbersOf(connector).push(task)
  out.array([...byConnector], ([connector, numbers]) => {
    out.string(connector)
    out.array(numbers, (number) => out.int32(number))
  })
}

function readWork(input: BytesReader): Work {
  const connectors: string[] = []
  const tasks: { connector: string; task: number }[] = []
  input.array(() => {
    const connector = input.string()
    for (const number of input.array(() => input.int32()) ?? []) {
      if (number === CONNECTOR_TASK) connectors.push(connector)
      else tasks.push({ connector, task: number })
    }
  })
  return { connectors, tasks }
}
