import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type PendingRequest, PendingRequests } from '../../src/client/pending-requests.ts'
import { until } from './support/until.ts'

function request(name: string, timeoutMs: number, errors: string[] = [], requester = {}): PendingRequest {
  return { name, requester, timeoutMs, complete: () => {}, reject: (error) => errors.push(`${name}: ${error.message}`) }
}

test('the request that is out of time first is told of, whatever the order in which they were sent', async () => {
  const overdue: string[] = []
  const pending = new PendingRequests(({ name }) => overdue.push(name))
  pending.add(1, request('long', 60_000))
  pending.add(2, request('answered', 20))
  pending.add(3, request('short', 40))
  assert.equal(pending.take(2)?.name, 'answered')
  assert.equal(pending.take(2), undefined)
  await until('one is overdue', () => overdue.length > 0)
  assert.deepEqual(overdue, ['short'])
  assert.equal(pending.size, 2)
  pending.rejectAll(() => new Error('over'))
})

test('giving up rejects each once, and whatever is asked afterwards is watched again', async () => {
  const overdue: string[] = []
  const errors: string[] = []
  const pending = new PendingRequests(({ name }) => overdue.push(name))
  pending.add(1, request('a', 1000, errors))
  pending.add(2, request('b', 10, errors))
  pending.rejectAll(() => new Error('gone'))
  pending.rejectAll(() => new Error('again'))
  assert.deepEqual(errors, ['a: gone', 'b: gone'])
  assert.equal(pending.size, 0)
  pending.add(3, request('c', 30, errors))
  await until('c is overdue', () => overdue.length > 0)
  assert.deepEqual(overdue, ['c'])
  pending.rejectAll(() => new Error('over'))
})

test('giving up those of one requester leaves the others, and takes the answers that come all the same', () => {
  const errors: string[] = []
  const pending = new PendingRequests(() => {})
  const requester = {}
  pending.add(1, request('a', 60_000, errors, requester))
  pending.add(2, request('b', 60_000, errors))
  pending.reject(requester, new Error('closed'))
  assert.deepEqual(errors, ['a: closed'])
  assert.equal(pending.take(1)?.name, 'a')
  pending.rejectAll(() => new Error('over'))
  assert.deepEqual(errors, ['a: closed', 'b: over'])
})
