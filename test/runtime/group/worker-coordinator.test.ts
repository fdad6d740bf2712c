import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import {
  type Assignment,
  decodeAssignment,
  decodeMetadata,
  encodeAssignment,
  encodeMetadata,
  type ProtocolVersion,
} from '../../../src/runtime/group/codec.ts'
import { GroupLeader } from '../../../src/runtime/group/leader.ts'
import { ConnectGroup, type GroupHandler } from '../../../src/runtime/group/membership.ts'
import { NO_WORK, type Work } from '../../../src/runtime/group/work.ts'
import type { ConnectProtocol } from '../../../src/runtime/worker-config.ts'
import { eventually } from '../../support/task-runner.ts'

// Kafka's WorkerCoordinatorTest and ConnectProtocolCompatibilityTest, case by case.

const protocols = [
  ['eager', 'default', 0],
  ['compatible', 'compatible', 1],
  ['sessioned', 'sessioned', 2],
] as const
const task = (connector: string, number = 0): Work['tasks'][number] => ({ connector, task: number })
const LEADER_URL = 'http://leader:8083/'

const rigs: Rig[] = []
afterEach(() => Promise.all(rigs.splice(0).map(({ group }) => group.stop())))

/** A worker in a group that the test plays, with a config topic that it moves on by hand. */
class Rig {
  offset = 4
  /** What reading to the end of the config topic brings. */
  endOffset = 4
  reads = 0
  configured: Work = NO_WORK
  readonly log: string[] = []
  readonly rejoins: string[] = []
  readonly group: ConnectGroup
  handler!: GroupHandler

  constructor(connectProtocol: ConnectProtocol, maxDelayMs = 0) {
    rigs.push(this)
    const namesOf = ({ connectors, tasks }: Work): string =>
      [...connectors, ...tasks.map((id) => `${id.connector}-${id.task}`)].join(' ')
    this.group = new ConnectGroup(
      'http://me:8083/',
      {
        connectProtocol,
        scheduledRebalanceMaxDelayMs: maxDelayMs,
        workerSyncTimeoutMs: 50,
        workerUnsyncBackoffMs: 1,
      },
      {
        configOffset: () => this.offset,
        configured: () => this.configured,
        readConfigToEnd: async () => {
          this.reads++
          this.offset = this.endOffset
        },
        revoked: async (work) => {
          this.log.push(`revoked ${namesOf(work)}`)
        },
        abandoned: async (work) => {
          this.log.push(`abandoned ${namesOf(work)}`)
        },
        assigned: async () => {
          this.log.push(`runs ${namesOf(this.group.held)}`)
        },
      },
      (handler) => {
        this.handler = handler
        return {
          start: () => undefined,
          requestRejoin: (reason) => this.rejoins.push(reason ?? ''),
          leave: () => Promise.resolve(),
          leaveUntil: async (ready, reason) => {
            this.log.push(`left: ${reason}`)
            await ready
            this.rejoins.push(reason)
          },
        }
      },
      silentLogger,
    )
  }

  /** A round at whose end this member, a follower, is given `assignment`. */
  async round(protocol: string, version: ProtocolVersion, assignment: Partial<Assignment>): Promise<void> {
    await this.handler.onRevoke()
    const all: Assignment = {
      error: 'none',
      leaderId: 'leader',
      leaderUrl: LEADER_URL,
      configOffset: 4,
      assigned: NO_WORK,
      revoked: NO_WORK,
      delayMs: 0,
      ...assignment,
    }
    await this.handler.onAssigned(protocol, 1, 'member', 'leader', encodeAssignment(all, version))
  }
}

for (const [setting, name, version] of protocols) {
  test(`testMetadata (${setting}): all protocols up to the configured one are offered, best first, with the config offset`, () => {
    const offered = new Rig(setting).handler.protocols()
    assert.equal(offered.length, version + 1)
    assert.equal(offered[0]?.name, name)
    for (const { metadata } of offered) assert.equal(decodeMetadata(metadata).configOffset, 4)
  })

  test(`testNormalJoinGroupFollower (${setting}): what is assigned is run, and the leader is known`, async () => {
    const rig = new Rig(setting)
    await rig.round(name, version, { assigned: { connectors: [], tasks: [task('c1')] } })
    assert.deepEqual(rig.log, ['runs c1-0'])
    assert.equal(rig.group.isLeader, false)
    assert.equal(rig.group.leaderUrl, LEADER_URL)
    assert.ok(rig.group.isSettled)
  })

  test(`testNormalJoinGroupLeader (${setting}): the leader assigns and takes its own part`, async () => {
    const rig = new Rig(setting)
    rig.configured = { connectors: ['c1'], tasks: [task('c1')] }
    const metadata = rig.handler.protocols()[0]?.metadata as Uint8Array
    const assignments = await rig.handler.assign(name, 'me', [{ memberId: 'me', metadata }])
    await rig.handler.onAssigned(name, 1, 'me', 'me', assignments.get('me') as Uint8Array)
    assert.deepEqual(rig.log, ['runs c1 c1-0'])
    assert.ok(rig.group.isLeader)
    assert.equal(rig.group.connectorOwner('c1'), 'http://me:8083/')
  })

  test(`testJoinLeaderCannotAssign (${setting}): a leader that is behind makes all read on and join again`, async () => {
    const rig = new Rig(setting)
    rig.endOffset = 10
    await rig.round(name, version, { error: 'config-mismatch', configOffset: 10 })
    assert.equal(rig.offset, 10)
    assert.deepEqual(rig.rejoins, ['the configurations of the workers did not match'])
    assert.deepEqual(rig.log, [])
    await rig.round(name, version, { configOffset: 10, assigned: { connectors: [], tasks: [task('c1')] } })
    assert.deepEqual(rig.log, ['runs c1-0'])
  })

  test(`a member that cannot read as far as the assignment leaves, and joins again when it can (${setting})`, async () => {
    const rig = new Rig(setting, 2000)
    await rig.round(name, version, { configOffset: 10, assigned: { connectors: [], tasks: [task('c1')] } })
    assert.ok(!rig.group.isSettled)
    assert.equal(rig.group.view, null)
    assert.deepEqual(rig.log, ['left: taking too long to read the log'])
    assert.deepEqual(rig.rejoins, [])
    rig.endOffset = 10
    await eventually(() => rig.rejoins.length === 1, 'joining again')
    // Others have it at once with the eager protocol; with the others they wait for this member to come back.
    assert.deepEqual(rig.log.slice(1), setting === 'eager' ? ['abandoned c1-0'] : [])
    const again = setting === 'eager' ? { connectors: [], tasks: [task('c1')] } : NO_WORK
    await rig.round(name, version, { configOffset: 10, assigned: again })
    assert.equal(rig.log.at(-1), 'runs c1-0')
  })
}

test('testRejoinGroup: with the eager protocol everything is given up before each rebalance', async () => {
  const rig = new Rig('eager')
  await rig.round('default', 0, { assigned: { connectors: [], tasks: [task('c1')] } })
  await rig.round('default', 0, { assigned: { connectors: ['c1'], tasks: [] } })
  assert.deepEqual(rig.log, ['runs c1-0', 'revoked c1-0', 'runs c1'])
})

test('with cooperative protocols work goes on, what is revoked is stopped, and then the member joins again', async () => {
  const rig = new Rig('sessioned')
  await rig.round('sessioned', 2, { assigned: { connectors: ['c1'], tasks: [task('c1')] } })
  await rig.round('sessioned', 2, { assigned: { connectors: [], tasks: [task('c2')] } })
  await rig.round('sessioned', 2, { revoked: { connectors: ['c1'], tasks: [] } })
  assert.deepEqual(rig.log, ['runs c1 c1-0', 'runs c1 c1-0 c2-0', 'revoked c1', 'runs c1-0 c2-0'])
  assert.deepEqual(rig.rejoins, ['revoked work was stopped'])
})

test('a delay of the leader makes every member join again when it is over', async () => {
  const rig = new Rig('sessioned')
  await rig.round('sessioned', 2, { delayMs: 20 })
  assert.deepEqual(rig.rejoins, [])
  await eventually(() => rig.rejoins.length === 1, 'joining again')
})

test('after five tries to catch up, a cooperative member stops its work, and goes on trying', async () => {
  const rig = new Rig('sessioned', 3000)
  await rig.round('sessioned', 2, { assigned: { connectors: [], tasks: [task('c1')] } })
  await rig.round('sessioned', 2, { configOffset: 10 })
  await eventually(() => rig.reads === 4, 'the third try')
  assert.ok(!rig.log.includes('abandoned c1-0'))
  await eventually(() => rig.log.includes('abandoned c1-0'), 'giving up')
  assert.ok(rig.reads >= 6, 'five tries after the first')
  rig.endOffset = 10
  await eventually(() => rig.rejoins.length === 1, 'joining again')
  await rig.round('sessioned', 2, { configOffset: 10, assigned: { connectors: [], tasks: [task('c1')] } })
  assert.equal(rig.log.at(-1), 'runs c1-0')
})

for (const [setting, name, version] of protocols) {
  test(`who leaves for a while keeps its work as long as the others wait for it (${setting})`, async () => {
    const rig = new Rig(setting, 100)
    const work: Work = { connectors: ['c1'], tasks: [task('c1')] }
    await rig.round(name, version, { assigned: work })
    for (const ready of [Promise.withResolvers<void>(), Promise.withResolvers<void>()]) {
      rig.log.length = 0
      rig.group.leaveUntil(ready.promise, 'busy')
      if (setting === 'eager') await eventually(() => rig.log.includes('abandoned c1 c1-0'), 'stopping at once')
      ready.resolve()
      await eventually(() => rig.rejoins.includes('busy'), 'joining again')
      await rig.round(name, version, { assigned: setting === 'eager' ? work : NO_WORK })
      assert.deepEqual(rig.log.slice(1), setting === 'eager' ? ['abandoned c1 c1-0', 'runs c1 c1-0'] : ['runs c1 c1-0'])
      rig.rejoins.length = 0
    }
    const ready = Promise.withResolvers<void>()
    rig.group.leaveUntil(ready.promise, 'busy for long')
    await eventually(() => rig.log.at(-1) === 'abandoned c1 c1-0', 'stopping')
    ready.resolve()
    await eventually(() => rig.rejoins.length === 1, 'joining again')
    assert.deepEqual(rig.group.held, NO_WORK)
  })
}

test('who loses the membership stops everything', async () => {
  const rig = new Rig('sessioned')
  await rig.round('sessioned', 2, { assigned: { connectors: ['c1'], tasks: [] } })
  await rig.handler.onLost({ isRemoval: false, silentMs: 0 })
  assert.deepEqual(rig.log, ['runs c1', 'revoked c1'])
  assert.equal(rig.group.view, null)
  assert.equal(rig.group.leaderUrl, null)
})

test('who was thrown out keeps its work for what is left of the delay, since the others wait for its return', async () => {
  const rig = new Rig('sessioned', 60_000)
  await rig.round('sessioned', 2, { assigned: { connectors: ['c1'], tasks: [] } })
  await rig.handler.onLost({ isRemoval: true, silentMs: 59_000 })
  assert.deepEqual([rig.group.view, rig.group.isSettled], [null, false])
  await rig.round('sessioned', 2, {})
  assert.deepEqual(rig.log, ['runs c1', 'runs c1'])
  await rig.handler.onLost({ isRemoval: true, silentMs: 59_990 })
  await eventually(() => rig.log.includes('abandoned c1'), 'giving up')
  // A round that is under way began with what was held before: another one says what is so.
  assert.deepEqual(rig.rejoins, ['its work was given up'])
  await rig.round('sessioned', 2, {})
  assert.equal(rig.log.at(-1), 'runs ')
})

for (const [setting, name, version] of protocols) {
  test(`a leader that was thrown out keeps its work only when it was alone (${setting})`, async () => {
    for (const isAlone of [true, false]) {
      const rig = new Rig(setting, 60_000)
      rig.configured = { connectors: ['c1'], tasks: [] }
      const metadata = rig.handler.protocols().find((offered) => offered.name === name)?.metadata as Uint8Array
      const members = [{ memberId: 'me', metadata }, ...(isAlone ? [] : [{ memberId: 'zz', metadata }])]
      const assignments = await rig.handler.assign(name, 'me', members)
      await rig.handler.onAssigned(name, 1, 'me', 'me', assignments.get('me') as Uint8Array)
      assert.deepEqual(rig.log, ['runs c1'])
      await rig.handler.onLost({ isRemoval: true, silentMs: 100 })
      assert.deepEqual(rig.log.slice(1), isAlone ? [] : ['revoked c1'])
      const assigned = version === 0 || !isAlone ? rig.configured : NO_WORK
      await rig.round(name, version, { assigned })
      assert.equal(rig.log.at(-1), 'runs c1')
    }
  })
}

test('a leader alone that had to stop its work gets it back at once, also under another id', async () => {
  const rig = new Rig('sessioned', 60_000)
  rig.configured = { connectors: ['c1'], tasks: [task('c1')] }
  for (const [round, id] of ['me', 'me again', 'me again'].entries()) {
    const metadata = rig.handler.protocols()[0]?.metadata as Uint8Array
    const assignments = await rig.handler.assign('sessioned', id, [{ memberId: id, metadata }])
    await rig.handler.onAssigned('sessioned', round + 1, id, id, assignments.get(id) as Uint8Array)
    assert.equal(rig.log.at(-1), 'runs c1 c1-0')
    await rig.handler.onLost({ isRemoval: false, silentMs: 3_000 })
    assert.equal(rig.log.at(-1), 'revoked c1 c1-0')
  }
})

/** Assigns by the eager protocol to `leader` and `member`. */
async function eagerly(configured: Work): Promise<Map<string, Assignment>> {
  const view = { configOffset: () => 4, readConfigToEnd: () => Promise.resolve(), configured: () => configured }
  const joined = ['leader', 'member'].map((memberId) => ({
    memberId,
    metadata: encodeMetadata({ url: `http://${memberId}:8083/`, configOffset: 4, work: NO_WORK }, 0, {
      id: '',
      url: '',
    }),
  }))
  const assignments = await new GroupLeader(view, 0).assign(0, 'leader', joined)
  return new Map([...assignments].map(([id, bytes]) => [id, decodeAssignment(bytes)]))
}

const eagerCases: readonly (readonly [string, Work, Work, Work])[] = [
  [
    'testLeaderPerformAssignment1: one connector and its task go to one member each',
    { connectors: ['c1'], tasks: [task('c1')] },
    { connectors: ['c1'], tasks: [] },
    { connectors: [], tasks: [task('c1')] },
  ],
  [
    'testLeaderPerformAssignment2: tasks go on where connectors ended',
    { connectors: ['c1', 'c2'], tasks: [task('c1'), task('c2', 0), task('c2', 1)] },
    { connectors: ['c1'], tasks: [task('c1'), task('c2', 1)] },
    { connectors: ['c2'], tasks: [task('c2', 0)] },
  ],
  [
    'testLeaderPerformAssignmentSingleTaskConnectors: connectors of one task each are spread',
    { connectors: ['c1', 'c2', 'c3'], tasks: [task('c1'), task('c2'), task('c3')] },
    { connectors: ['c1', 'c3'], tasks: [task('c2')] },
    { connectors: ['c2'], tasks: [task('c1'), task('c3')] },
  ],
]
for (const [title, configured, leader, member] of eagerCases) {
  test(title, async () => {
    const assignments = await eagerly(configured)
    for (const [id, expected] of [
      ['leader', leader],
      ['member', member],
    ] as const) {
      const { error, leaderId, configOffset, assigned } = assignments.get(id) as Assignment
      assert.deepEqual(
        { error, leaderId, configOffset, assigned },
        {
          error: 'none',
          leaderId: 'leader',
          configOffset: 4,
          assigned: expected,
        },
      )
    }
  })
}

// Every version is read by the same function, which goes by the version in the bytes; what an older version has no place
// for is absent.
for (const [title, written] of [
  ['testEagerToEagerMetadata, testCoopToEagerMetadata, testSessionedToEagerMetadata', 0],
  ['testCoopToCoopMetadata, testEagerToCoopMetadata', 1],
  ['testSessionedToCoopMetadata', 2],
] as const) {
  test(`${title}: address and offset are in metadata of every version`, () => {
    const work: Work = { connectors: ['c1'], tasks: [task('c1', 3)] }
    const bytes = encodeMetadata({ url: LEADER_URL, configOffset: 4, work }, written, { id: 'l', url: LEADER_URL })
    assert.deepEqual(decodeMetadata(bytes), { url: LEADER_URL, configOffset: 4, work: written === 0 ? NO_WORK : work })
    // A reader of version 0 takes what it knows from the front.
    assert.equal(Buffer.from(bytes).readInt16BE(2), LEADER_URL.length)
    assert.equal(Buffer.from(bytes).readBigInt64BE(4 + LEADER_URL.length), 4n)
  })
}

for (const [title, written] of [
  ['testEagerToEagerAssignment, testEagerToCoopAssignment', 0],
  ['testCoopToCoopAssignment, testCoopToEagerAssignment', 1],
] as const) {
  test(`${title}: what is assigned is in assignments of every version`, () => {
    const assigned: Work = { connectors: ['c1', 'c3'], tasks: [task('c2')] }
    const assignment: Assignment = {
      error: 'none',
      leaderId: 'leader',
      leaderUrl: LEADER_URL,
      configOffset: 4,
      assigned,
      revoked: { connectors: ['c2'], tasks: [] },
      delayMs: 7,
    }
    const read = decodeAssignment(encodeAssignment(assignment, written))
    assert.deepEqual(read, written === 0 ? { ...assignment, revoked: NO_WORK, delayMs: 0 } : assignment)
  })
}
