import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SinkOffsets } from '../../../src/runtime/tasks/sink-offsets.ts'

const at = (partition: number, offset: number) => ({ topic: 't', partition, offset })

function assigned(...partitions: number[]): SinkOffsets {
  const offsets = new SinkOffsets()
  for (const partition of partitions) offsets.assign(at(partition, 10))
  return offsets
}

test('only what is new, delivered and assigned may be committed', () => {
  const offsets = assigned(0, 1)
  offsets.delivered(at(0, 15))
  offsets.delivered(at(7, 99))
  assert.deepEqual(offsets.committable(offsets.current()), [at(0, 15)])
  assert.deepEqual(offsets.committable([at(0, 16), at(1, 11), at(7, 1), at(0, -1)]), [])
  assert.deepEqual(offsets.committable([at(0, 12)]), [at(0, 12)])
  offsets.committed([at(0, 15)])
  assert.deepEqual(offsets.committable(offsets.current()), [])
})

test('a rewind moves what counts as delivered, and where a commit that fails goes back to', () => {
  const offsets = assigned(0)
  offsets.delivered(at(0, 20))
  offsets.rewound(at(0, 5))
  assert.deepEqual(offsets.current(), [at(0, 5)])
  assert.deepEqual(offsets.lastCommitted(), [at(0, 5)])
  assert.equal(offsets.uncommitted(), 0)
  // The group is not told to go back.
  assert.deepEqual(offsets.committable(offsets.current()), [])
})

test('what is done before the place that a task went back to is committed', () => {
  const offsets = assigned(0)
  offsets.delivered(at(0, 20))
  offsets.rewound(at(0, 12))
  assert.deepEqual(offsets.committable(offsets.current()), [at(0, 12)])
  offsets.committed([at(0, 12)])
  assert.deepEqual(offsets.committable(offsets.current()), [])
})

test('a commit that ends after a rewind does not skip what is to be given again', () => {
  const offsets = assigned(0)
  offsets.delivered(at(0, 20))
  const due = offsets.committable(offsets.current())
  offsets.rewound(at(0, 12))
  offsets.committed(due)
  assert.deepEqual(offsets.lastCommitted(), [at(0, 12)])
  offsets.delivered(at(0, 20))
  assert.deepEqual(offsets.committable(offsets.current()), [at(0, 20)])
})

test('a partition that was taken away leaves nothing behind', () => {
  const offsets = assigned(0, 1)
  offsets.unassign({ topic: 't', partition: 0 })
  offsets.delivered(at(0, 30))
  assert.deepEqual(offsets.assignment(), [{ topic: 't', partition: 1 }])
  assert.equal(offsets.has({ topic: 't', partition: 0 }), false)
})
