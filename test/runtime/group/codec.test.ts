import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assignEagerly } from '../../../src/runtime/group/eager-assignor.ts'
import {
  decodeAssignment,
  decodeMetadata,
  encodeAssignment,
  encodeMetadata,
  offeredProtocols,
} from '../../../src/runtime/group/codec.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const leader = { id: 'l', url: 'http://l/' }
const work = {
  connectors: ['c'],
  tasks: [
    { connector: 'c', task: 0 },
    { connector: 'd', task: 3 },
  ],
}

test('metadata of version 0 is the address and the configuration offset', () => {
  const bytes = encodeMetadata({ url: 'http://h:1/', configOffset: 258, work }, 0, leader)
  assert.equal(hex(bytes), `0000${'000b'}${Buffer.from('http://h:1/').toString('hex')}0000000000000102`)
  assert.deepEqual(decodeMetadata(bytes), {
    url: 'http://h:1/',
    configOffset: 258,
    work: { connectors: [], tasks: [] },
  })
})

test('metadata of versions 1 and 2 carries the running work, or null for none', () => {
  for (const version of [1, 2] as const) {
    const bytes = encodeMetadata({ url: 'u', configOffset: 7, work }, version, leader)
    assert.deepEqual(decodeMetadata(bytes), { url: 'u', configOffset: 7, work })
    const idle = encodeMetadata({ url: 'u', configOffset: 7, work: { connectors: [], tasks: [] } }, version, leader)
    assert.equal(hex(idle), `000${version}0001750000000000000007ffffffff`)
  }
})

test('an assignment groups tasks by connector and writes the connector instance as task -1', () => {
  const bytes = encodeAssignment(
    {
      error: 'none',
      leaderId: 'l',
      leaderUrl: 'u',
      configOffset: 1,
      assigned: work,
      revoked: { connectors: [], tasks: [] },
      delayMs: 5,
    },
    2,
  )
  assert.equal(
    hex(bytes),
    [
      '0002',
      '0000',
      '00016c',
      '000175',
      '0000000000000001',
      '00000002',
      '000163',
      '00000002',
      'ffffffff',
      '00000000',
      '000164',
      '00000001',
      '00000003',
      '00000000',
      '00000005',
    ].join(''),
  )
})

test('assignments survive the round trip in every version', () => {
  for (const version of [0, 1, 2] as const) {
    const assignment = {
      error: 'config-mismatch' as const,
      leaderId: 'leader-ü',
      leaderUrl: 'http://h:8083/',
      configOffset: 2 ** 40,
      assigned: work,
      revoked: version === 0 ? { connectors: [], tasks: [] } : { connectors: ['x'], tasks: [] },
      delayMs: version === 0 ? 0 : 300_000,
    }
    assert.deepEqual(decodeAssignment(encodeAssignment(assignment, version)), assignment)
  }
})

test('null arrays of other implementations read as no work', () => {
  const bytes = Buffer.from(`0001${'0000'}00016c0001750000000000000001ffffffffffffffff00000000`, 'hex')
  assert.deepEqual(decodeAssignment(bytes).assigned, { connectors: [], tasks: [] })
  assert.deepEqual(decodeAssignment(bytes).revoked, { connectors: [], tasks: [] })
})

test('truncated or hostile bytes are refused and allocate nothing large', () => {
  assert.throws(() => decodeMetadata(Buffer.from('0001', 'hex')), /ends early/)
  assert.throws(() => decodeAssignment(Buffer.from('0001000000016c00017500000000000000017fffffff', 'hex')), /claims/)
})

test('the setting connect.protocol decides what is offered, best first', () => {
  assert.deepEqual(
    offeredProtocols('sessioned').map((p) => p.name),
    ['sessioned', 'compatible', 'default'],
  )
  assert.deepEqual(
    offeredProtocols('compatible').map((p) => p.name),
    ['compatible', 'default'],
  )
  assert.deepEqual(
    offeredProtocols('eager').map((p) => p.name),
    ['default'],
  )
})

test('eager assignment deals connectors, then tasks, round and round', () => {
  const configured = {
    connectors: ['b', 'a', 'c'],
    tasks: [
      { connector: 'a', task: 1 },
      { connector: 'a', task: 0 },
      { connector: 'b', task: 0 },
    ],
  }
  const assigned = assignEagerly(configured, ['m2', 'm1'])
  assert.deepEqual(assigned.get('m1'), { connectors: ['a', 'c'], tasks: [{ connector: 'a', task: 1 }] })
  assert.deepEqual(assigned.get('m2'), {
    connectors: ['b'],
    tasks: [
      { connector: 'a', task: 0 },
      { connector: 'b', task: 0 },
    ],
  })
})
