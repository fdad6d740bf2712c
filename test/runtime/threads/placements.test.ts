import assert from 'node:assert/strict'
import { test } from 'node:test'
import { taskKey } from '../../../src/runtime/threads/placement-keys.ts'
import { Placements } from '../../../src/runtime/threads/placements.ts'
import type { TaskThread } from '../../../src/runtime/threads/task-thread.ts'

const [a, b] = [{} as TaskThread, {} as TaskThread]

test('a thread is loaded with what is placed on it now', () => {
  const placements = new Placements()
  const loads = (): number[] => [placements.load(a), placements.load(b)]
  const place = (task: number, thread: TaskThread) =>
    placements.add({
      kind: 'task',
      id: { connector: 'c', task },
      connectorProps: {},
      taskProps: {},
      target: 'STARTED',
      thread,
    })
  assert.deepEqual(loads(), [0, 0])
  const first = place(0, a)
  place(1, a)
  placements.add({ kind: 'connector', name: 'c', props: {}, target: 'STARTED', thread: b })
  assert.deepEqual(loads(), [2, 0.01])
  placements.move(first, b)
  assert.deepEqual(loads(), [1, 1.01])
  assert.deepEqual(
    placements.on(b).map(({ kind }) => kind),
    ['task', 'connector'],
  )
  // Another start of the same task takes the place of the first, which counts no more, wherever it is put.
  place(0, a)
  assert.deepEqual(loads(), [2, 0.01])
  placements.move(first, a)
  assert.deepEqual(loads(), [2, 0.01])
  placements.remove(taskKey({ connector: 'c', task: 1 }))
  placements.remove(taskKey({ connector: 'c', task: 1 }))
  assert.deepEqual(loads(), [1, 0.01])
  placements.clear()
  assert.deepEqual(loads(), [0, 0])
})
