import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../../../src/base/logger.ts'
import { ConnectGroup, type GroupOwner } from '../../../src/runtime/group/membership.ts'
import type { Work } from '../../../src/runtime/group/work.ts'
import { SoleMember } from '../../../src/runtime/standalone/sole-member.ts'

const settings = {
  connectProtocol: 'compatible',
  scheduledRebalanceMaxDelayMs: 0,
  workerSyncTimeoutMs: 1000,
  workerUnsyncBackoffMs: 1000,
} as const

function group(configured: () => Work) {
  const seen: string[] = []
  const owner: GroupOwner = {
    configOffset: () => 1,
    configured,
    readConfigToEnd: () => Promise.resolve(),
    revoked: (work) => Promise.resolve(void seen.push(`revoked ${work.connectors.join()}`)),
    abandoned: () => assert.fail('it is never away'),
    assigned: () => Promise.resolve(void seen.push(`assigned ${connect.held.connectors.join()}`)),
  }
  const fail = (error: unknown): void => assert.fail(String(error))
  const connect = new ConnectGroup(
    'http://me:1/',
    settings,
    owner,
    (handler) => new SoleMember(handler, fail),
    silentLogger,
  )
  return { connect, seen }
}

test('a worker alone leads, holds all that is configured, and takes what is added at once', async () => {
  const connectors: string[] = ['a']
  const { connect, seen } = group(() => ({ connectors: [...connectors], tasks: [] }))
  await connect.start()
  assert.equal(connect.isLeader, true)
  assert.deepEqual(connect.held.connectors, ['a'])
  connectors.push('b')
  connect.requestRejoin('b was created')
  connect.requestRejoin('twice is once')
  assert.equal(await connect.settled(5000), true)
  assert.deepEqual(connect.held.connectors.toSorted(), ['a', 'b'])
  assert.equal(connect.connectorOwner('b'), 'http://me:1/')
  assert.deepEqual(seen, ['assigned a', 'assigned a,b'])
  await connect.stop()
})

test('after it left, no round begins any more', async () => {
  const { connect, seen } = group(() => ({ connectors: ['a'], tasks: [] }))
  await connect.start()
  await connect.stop()
  connect.requestRejoin('too late')
  assert.equal(await connect.settled(50), false)
  assert.deepEqual(seen, ['assigned a'])
})
